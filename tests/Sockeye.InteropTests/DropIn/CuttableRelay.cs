using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Sockeye.Tests;

/// <summary>Passes bytes on between clients and a server, until it cuts its connections; it takes others afterwards.</summary>
internal sealed class CuttableRelay : IAsyncDisposable
{
    private readonly Socket _listener = new(SocketType.Stream, ProtocolType.Tcp);
    private readonly ConcurrentDictionary<Socket, object?> _open = new();
    private readonly Task _running;
    private Uri? _server;

    public CuttableRelay()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndPoint!).Port}");
        _running = RunAsync();
    }

    /// <summary>Where clients connect.</summary>
    public Uri Address { get; }

    /// <summary>How many connections were cut.</summary>
    public int CutCount { get; private set; }

    /// <summary>Names the server, before the first client connects.</summary>
    public void To(Uri server) => _server = server;

    /// <summary>Resets every connection that is open.</summary>
    public void Cut()
    {
        foreach (Socket socket in _open.Keys)
        {
            if (_open.TryRemove(socket, out _))
            {
                CutCount++;
                socket.LingerState = new LingerOption(enable: true, seconds: 0);
                socket.Dispose();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        Cut();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task RunAsync()
    {
        while (true)
        {
            Socket client = await _listener.AcceptAsync();
            Socket server = new(SocketType.Stream, ProtocolType.Tcp);
            await server.ConnectAsync(_server!.Host, _server.Port);
            _open[client] = null;
            _open[server] = null;
            _ = PassOnAsync(client, server);
            _ = PassOnAsync(server, client);
        }
    }

    private async Task PassOnAsync(Socket from, Socket to)
    {
        try
        {
            byte[] buffer = new byte[64 * 1024];
            while (await from.ReceiveAsync(buffer) is > 0 and int length)
            {
                for (int sent = 0; sent < length;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, length - sent));
                }
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Cut, or an end has disconnected: so is the other one.
            _open.TryRemove(from, out _);
            _open.TryRemove(to, out _);
            from.Dispose();
            to.Dispose();
        }
    }
}
