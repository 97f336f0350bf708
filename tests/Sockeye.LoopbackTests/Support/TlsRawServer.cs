using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace Sockeye.Tests;

/// <summary>A TLS server that sends every client the same response.</summary>
internal sealed class TlsRawServer : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Task _serving;

    public TlsRawServer(string answer, SslServerAuthenticationOptions? options = null)
    {
        _listener.Bind(Servers.Loopback);
        _listener.Listen();
        Address = new Uri($"wss://{(IPEndPoint)_listener.LocalEndPoint!}/");
        _serving = ServeAsync(answer, options ?? TestCertificate.ForServer());
    }

    public Uri Address { get; }

    /// <summary>The server's name that the last client gave (RFC 6066 §3); empty if it gave none.</summary>
    public string? ServerName { get; private set; }

    /// <summary>The last request.</summary>
    public string? Request { get; private set; }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _serving.WithDeadline();
    }

    private async Task ServeAsync(string answer, SslServerAuthenticationOptions options)
    {
        try
        {
            while (true)
            {
                Socket socket = await _listener.AcceptAsync();
                var tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
                using var peer = new RawPeer(socket, tls);
                try
                {
                    await tls.AuthenticateAsServerAsync(options).WithDeadline();
                    ServerName = tls.TargetHostName;
                    Request = await peer.ReadHeadAsync();
                    await peer.SendAsync(answer.Length == 0 ? RawServer.Accepting(Request) : answer);
                    await peer.ReadToEndAsync();
                }
                catch (Exception exception) when (exception is IOException or System.Security.Authentication.AuthenticationException)
                {
                    // A client that went, as tests want it.
                }
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The end.
        }
    }
}
