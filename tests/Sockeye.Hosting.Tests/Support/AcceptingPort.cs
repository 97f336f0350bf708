using System.Net;
using System.Net.Sockets;

namespace Sockeye.Tests;

/// <summary>A port whose connections an acceptor gets, as an HTTP server would pass them on.</summary>
internal sealed class AcceptingPort : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly WebSocketAcceptor _acceptor;

    public AcceptingPort(WebSocketAcceptor acceptor)
    {
        _acceptor = acceptor;
        _listener.Start();
        _ = AcceptAllAsync();
    }

    public Task<WebSocketConnection> ConnectAsync() => WebSocketClient.ConnectAsync($"ws://{_listener.LocalEndpoint}/").WithDeadline();

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAllAsync()
    {
        try
        {
            while (true)
            {
                _ = AcceptAsync(await _listener.AcceptSocketAsync());
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The end of the test.
        }
    }

    private async Task AcceptAsync(Socket socket)
    {
        try
        {
            WebSocketConnection connection = await _acceptor.AcceptAsync(new NetworkStream(socket, ownsSocket: true));

            // Without a handler a connection is read only while the application receives.
            while (await connection.ReceiveAsync() is not null)
            {
            }
        }
        catch (SockeyeException)
        {
            // Rejected or aborted: the client notices.
        }
    }
}
