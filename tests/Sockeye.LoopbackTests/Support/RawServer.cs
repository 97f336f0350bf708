using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Sockeye.Tests;

/// <summary>A server that sends each client the response that a test wants.</summary>
internal sealed class RawServer : IDisposable
{
    private readonly Socket _listener;

    /// <summary>Listens on any free port.</summary>
    /// <param name="address">On this address; on the IPv4 loopback if none is given.</param>
    public RawServer(IPAddress? address = null)
    {
        var endPoint = new IPEndPoint(address ?? IPAddress.Loopback, 0);
        _listener = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(endPoint);
        _listener.Listen();
    }

    public Uri Address => new($"ws://{_listener.LocalEndPoint}/");

    /// <summary>Whether a client waits to be accepted.</summary>
    public bool HasPending => _listener.Poll(TimeSpan.Zero, SelectMode.SelectRead);

    /// <summary>The <c>Sec-WebSocket-Accept</c> for a key (RFC 6455 §4.2.2), computed independently of the code under test.</summary>
    public static string AcceptFor(string key) => Convert.ToBase64String(
#pragma warning disable CA5350 // The RFC demands SHA-1.
        SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350

    /// <summary>The value of a header.</summary>
    public static string Header(string head, string name) =>
        head.Split("\r\n")
            .Single(line => line.StartsWith(name + ": ", StringComparison.OrdinalIgnoreCase))[(name.Length + 2)..];

    /// <summary>A valid response to a request, with additional headers.</summary>
    public static string Accepting(string request, params string[] headers) =>
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        + AcceptFor(Header(request, "Sec-WebSocket-Key")) + "\r\n"
        + string.Concat(headers.Select(header => header + "\r\n")) + "\r\n";

    /// <summary>Accepts one client and reads its request.</summary>
    public async Task<(RawPeer Peer, string Request)> AcceptAsync()
    {
        Socket socket = await _listener.AcceptAsync().WithDeadline();
        socket.NoDelay = true;
        var peer = new RawPeer(socket);
        return (peer, await peer.ReadHeadAsync());
    }

    /// <summary>Accepts one client and opens the connection.</summary>
    public async Task<RawPeer> OpenAsync()
    {
        (RawPeer peer, string request) = await AcceptAsync();
        await peer.SendAsync(Accepting(request));
        return peer;
    }

    /// <summary>Opens a connection to this server, and returns both ends.</summary>
    public async Task<(RawPeer Peer, WebSocketConnection Client)> ConnectAsync(WebSocketClientOptions? options = null)
    {
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(Address, options);
        RawPeer peer = await OpenAsync();
        return (peer, await connecting.WithDeadline());
    }

    public void Dispose() => _listener.Dispose();
}
