using System.Net;
using System.Net.Sockets;

namespace Sockeye.Tests;

/// <summary>The request that a client sent, and the properties of its connection.</summary>
/// <param name="Request">The head of the request.</param>
/// <param name="Response">The response as the connection exposes it.</param>
/// <param name="Subprotocol">The subprotocol agreed on.</param>
internal sealed record Exchange(string Request, WebSocketUpgradeResponse Response, string? Subprotocol)
{
    public string Header(string name) => RawServer.Header(Request, name);

    /// <summary>Opens a connection to a server that accepts, and drops it.</summary>
    /// <param name="options">The client's options; how it connects is this method's.</param>
    /// <param name="address">Makes the address that the client is given, of the server's.</param>
    /// <param name="answerHeaders">Headers to add to the answer.</param>
    /// <param name="answer">The response, unless it accepts.</param>
    public static async Task<Exchange> RunAsync(
        WebSocketClientOptions options, Func<Uri, string>? address = null, string[]? answerHeaders = null,
        string? answer = null)
    {
        using var server = new RawServer();
        string target = address?.Invoke(server.Address) ?? server.Address.ToString();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            target, ConnectingTo(options, server.Address.Port));
        Task<(RawPeer Peer, string Request)> accepting = server.AcceptAsync();
        await Task.WhenAny(connecting, accepting);
        if (connecting.IsFaulted)
        {
            await connecting;
        }

        (RawPeer peer, string request) = await accepting;
        using RawPeer _ = peer;
        await peer.SendAsync(answer ?? RawServer.Accepting(request, answerHeaders ?? []));
        WebSocketConnection client = await connecting.WithDeadline();
        client.Abort();
        return new Exchange(request, client.Response!, client.Subprotocol);
    }

    // Whatever the name: tests ask no name server.
    private static WebSocketClientOptions ConnectingTo(WebSocketClientOptions options, int port) => new()
    {
        Subprotocols = options.Subprotocols,
        ProtocolVersion = options.ProtocolVersion,
        Origin = options.Origin,
        RequestHeaders = options.RequestHeaders,
        Host = options.Host,
        Credentials = options.Credentials,
        PreAuthenticate = options.PreAuthenticate,
        Cookies = options.Cookies,
        OnSendingRequest = options.OnSendingRequest,
        UseProxy = false,
        ConnectCallback = async (_, token) =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), token);
            return new NetworkStream(socket, ownsSocket: true);
        },
    };
}
