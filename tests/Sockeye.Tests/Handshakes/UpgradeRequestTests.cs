using System.Net;
using System.Text;
using Sockeye.Server;
using Sockeye.Server.Handshakes;

namespace Sockeye.Tests;

/// <summary>The request as the application sees it, even long after its bytes are gone.</summary>
public sealed class UpgradeRequestTests
{
    private const string Head =
        "GET /caf%C3%A9?a=b HTTP/1.1\r\nHost: example.com:8080\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nOrigin: http://example.com:8080\r\n"
        + "Sec-WebSocket-Protocol: v1, v2\r\nX-Name: J\u00FCrgen\r\nX-Twice: a\r\nx-twice: b\r\n\r\n";

    private readonly InMemoryTransport _transport = new();
    private readonly List<WebSocketUpgradeRequest> _seen = [];
    private WebSocketConnection? _connection;

    [Fact]
    public void The_request_is_the_same_during_selection_and_later()
    {
        Open(pieces: [Head]);

        AssertIsWhole(Assert.Single(_seen));
        AssertIsWhole(_connection!.Request!);
        AssertIsWhole(_connection.Request!);
    }

    [Fact]
    public void A_request_received_in_pieces_is_whole()
    {
        Open(pieces: [.. Head.Select(c => c.ToString())]);

        AssertIsWhole(_connection!.Request!);
    }

    [Fact]
    public void The_request_outlives_its_connection()
    {
        Open(pieces: [Head]);

        _connection!.Abort();

        Assert.Equal(WebSocketConnectionState.Closed, _connection.State);
        AssertIsWhole(_connection.Request!);
    }

    [Fact]
    public void A_version_8_request_has_its_version_and_origin()
    {
        Open(pieces:
        [
            Head.Replace("Version: 13", "Version: 8", StringComparison.Ordinal)
                .Replace("Origin:", "Sec-WebSocket-Origin:", StringComparison.Ordinal),
        ]);

        WebSocketUpgradeRequest request = _connection!.Request!;
        Assert.Equal(8, request.Version);
        Assert.Equal("http://example.com:8080", request.Origin);
    }

    [Fact]
    public void A_value_is_read_from_the_request_once_and_kept()
    {
        Open(pieces: [Head]);
        WebSocketUpgradeRequest request = _connection!.Request!;

        Assert.Same(request.Headers, request.Headers);
        Assert.Same(request.Cookies, request.Cookies);
        Assert.Same(request.Subprotocols, request.Subprotocols);
        Assert.Same(request.Extensions, request.Extensions);
        Assert.Same(request.RouteValues, request.RouteValues);
        Assert.Same(request.Origin, request.Origin);
        Assert.Same(request.Path, request.Path);
        Assert.Same(request.Query, request.Query);
        Assert.Same(request.Host, request.Host);
        Assert.Same(request.Target, request.Target);
        Assert.Same(request.Method, request.Method);
    }

    [Fact]
    public void Reading_the_path_alone_allocates_nothing_but_the_text()
    {
        Open(pieces: [Head]);
        _ = _connection!.Request!.Path;
        Open(pieces: [Head]);
        WebSocketUpgradeRequest request = _connection.Request!;

        long before = GC.GetAllocatedBytesForCurrentThread();
        string path = request.Path;
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        // The text as it was sent, and decoded.
        Assert.Equal("/café", path);
        Assert.InRange(allocated, 1, 120);
    }

    private static void AssertIsWhole(WebSocketUpgradeRequest request)
    {
        Assert.Equal("/café", request.Path);
        Assert.Equal("a=b", request.Query);
        Assert.Equal("example.com:8080", request.Host);
        Assert.Equal("http://example.com:8080", request.Origin);
        Assert.Equal(["v1", "v2"], request.Subprotocols);
        Assert.Equal(13, request.Version);
        Assert.Equal("J\u00FCrgen", request.Headers["x-name"]);
        Assert.Equal("a, b", request.Headers["X-Twice"]);
        Assert.Null(request.Headers["X-Missing"]);
        Assert.Equal(10, request.Headers.Count);
        Assert.Equal(KeyValuePair.Create("x-twice", "b"), request.Headers[9]);
        Assert.False(request.IsSecure);
        Assert.Null(request.RemoteEndPoint);
    }

    private void Open(string[] pieces)
    {
        var handler = new RecordingHandler { Opened = connection => _connection = connection };
        var context = new ServerContext(
            new WebSocketServerOptions
            {
                EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
                TimeProvider = new ManualTimeProvider(),
                OnUpgrade = (request, _) =>
                {
                    _seen.Add(request);
                    return WebSocketUpgradeDecision.Accept();
                },
            },
            handler);
        new ServerHandshakeSession(context, context.SettingsOn(context.Wheel, isSecure: false), _transport).Start();
        foreach (string piece in pieces)
        {
            _transport.Feed(Encoding.Latin1.GetBytes(piece));
        }

        Assert.StartsWith("HTTP/1.1 101 ", Encoding.ASCII.GetString(_transport.TakeOutput()), StringComparison.Ordinal);
        Assert.NotNull(_connection);
    }
}
