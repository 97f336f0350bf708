using System.Diagnostics;

namespace Sockeye.Tests;

/// <summary>The activities of opening handshakes and connections, and how they are passed on.</summary>
[CollectionDefinition(nameof(TracingTests), DisableParallelization = true)] // Activities are those of the whole process.
[Collection(nameof(TracingTests))]
public sealed class TracingTests
{
    private const string Server = "Sockeye.Server.Handshake";
    private const string Client = "Sockeye.Client.Handshake";
    private const string Connection = "Sockeye.Connection";
    private const string TraceId = "0af7651916cd43dd8448eb211c80319c";
    private const string SpanId = "b7ad6b7169203331";

    [Theory]
    [EachServer]
    public async Task The_handshake_of_a_server_is_a_child_of_the_clients(ServerKind kind)
    {
        using var activities = new RecordedActivities();
        WebSocketRoutes routes = new WebSocketRoutes().Map("/rooms/{room}", WebSocketHandler.FromDelegate(Servers.EchoAsync));
        await using WebSocketServer server = await Servers.StartAsync(Servers.OptionsOf(kind), routes);
        await using WebSocketConnection connection = await WebSocketClient.ConnectAsync(
            server.Address("/rooms/1?token=secret", kind.Scheme()), new WebSocketClientOptions { Tls = kind.ClientTls() });

        Activity client = Assert.Single(activities.Of(Client));
        Activity accepted = Assert.Single(activities.Of(Server));
        Assert.Equal(client.TraceId, accepted.TraceId);
        Assert.Equal(client.SpanId, accepted.ParentSpanId);
        Assert.True(accepted.HasRemoteParent);
        Assert.Equal(ActivityKind.Client, client.Kind);
        Assert.Equal(ActivityKind.Server, accepted.Kind);
        Assert.Equal("GET", client.DisplayName);
        Assert.Equal("GET /rooms/{room}", accepted.DisplayName);
        Assert.Equal(ActivityStatusCode.Unset, accepted.Status);
        var peer = (System.Net.IPEndPoint)connection.LocalEndPoint!;
        Assert.Equal(
            [
                ("http.request.method", "GET"), ("http.response.status_code", 101), ("http.route", "/rooms/{room}"),
                ("network.peer.address", "127.0.0.1"), ("network.peer.port", peer.Port), ("network.protocol.name", "websocket"),
                ("network.transport", "tcp"), ("server.address", "127.0.0.1"), ("server.port", server.Port),
                ("sockeye.connection.id", accepted.GetTagItem("sockeye.connection.id")), ("sockeye.role", "server"),
                ("url.path", "/rooms/1"), ("url.scheme", kind.Scheme()),
            ],
            TagsOf(accepted));
        Assert.Equal(
            [
                ("http.request.method", "GET"), ("http.response.status_code", 101), ("network.protocol.name", "websocket"),
                ("network.transport", "tcp"), ("server.address", "127.0.0.1"), ("server.port", server.Port),
                ("sockeye.connection.id", connection.Id), ("sockeye.role", "client"), ("url.path", "/rooms/1"),
                ("url.scheme", kind.Scheme()),
            ],
            TagsOf(client));
    }

    [Fact]
    public async Task The_parent_is_the_one_that_the_request_names()
    {
        using var activities = new RecordedActivities();
        await using WebSocketServer server = await Servers.StartEchoAsync();

        using RawPeer peer = await RawPeer.OpenAsync(
            server.LocalEndPoint, "/", $"traceparent: 00-{TraceId}-{SpanId}-01", "tracestate: vendor=value");

        Activity accepted = Assert.Single(activities.Of(Server));
        Assert.Equal(TraceId, accepted.TraceId.ToHexString());
        Assert.Equal(SpanId, accepted.ParentSpanId.ToHexString());
        Assert.Equal("vendor=value", accepted.TraceStateString);
        Assert.Null(accepted.GetTagItem("sockeye.subprotocol"));
    }

    [Theory]
    [InlineData("traceparent: nonsense")]
    [InlineData("traceparent: 00-00000000000000000000000000000000-0000000000000000-01")]
    [InlineData("tracestate: vendor=value")]
    public async Task A_request_without_a_valid_parent_begins_a_trace(string header)
    {
        using var activities = new RecordedActivities();
        await using WebSocketServer server = await Servers.StartEchoAsync();

        using RawPeer peer = await RawPeer.OpenAsync(server.LocalEndPoint, "/", header);

        Assert.Null(Assert.Single(activities.Of(Server)).ParentId);
    }

    [Theory]
    [EachServer]
    public async Task A_rejection_is_an_error(ServerKind kind)
    {
        using var activities = new RecordedActivities();
        await using WebSocketServer server = await Servers.StartAsync(Servers.OptionsOf(kind), new WebSocketRoutes().Map("/here", new EchoHandler()));
        await Assert.ThrowsAsync<WebSocketHandshakeException>(() => WebSocketClient.ConnectAsync(
            server.Address("/elsewhere", kind.Scheme()), new WebSocketClientOptions { Tls = kind.ClientTls() }));

        Activity rejected = Assert.Single(activities.Of(Server));
        Activity client = Assert.Single(activities.Of(Client));
        Assert.Equal(ActivityStatusCode.Error, rejected.Status);
        Assert.Equal("unknown_path", rejected.GetTagItem("error.type"));
        Assert.Equal(404, rejected.GetTagItem("http.response.status_code"));
        Assert.Equal(ActivityStatusCode.Error, client.Status);
        Assert.Equal("unexpected_status_code", client.GetTagItem("error.type"));
        Assert.Equal(404, client.GetTagItem("http.response.status_code"));
    }

    [Fact]
    public async Task A_decision_runs_in_the_activity_of_the_handshake_and_a_handler_does_not()
    {
        using var activities = new RecordedActivities();
        string? deciding = null;
        var handling = new TaskCompletionSource<string?>();
        var handler = new CallbackHandler { Received = (_, _) => handling.TrySetResult(Activity.Current?.OperationName) };
        await using WebSocketServer server = await Servers.StartAsync(Servers.Options, request =>
        {
            deciding = Activity.Current?.OperationName;
            return handler;
        });
        await using WebSocketConnection connection = await WebSocketClient.ConnectAsync(server.Address());
        await connection.SendAsync("hello");

        Assert.Null(await handling.Task.WithDeadline());
        Assert.Equal(Server, deciding);
    }

    [Fact]
    public async Task An_asynchronous_decision_keeps_the_activity_and_the_thread_does_not()
    {
        using var activities = new RecordedActivities();
        var decide = new TaskCompletionSource();
        var asked = new TaskCompletionSource();
        string? decided = null;
        var handling = new TaskCompletionSource<string?>();
        var handler = new CallbackHandler { Received = (_, _) => handling.TrySetResult(Activity.Current?.OperationName) };
        var options = Servers.Options with
        {
            EventLoop = new EventLoopOptions { Count = 1 },
            OnUpgrade = async (request, _) =>
            {
                if (request.Path == "/waits")
                {
                    asked.SetResult();
                    await decide.Task;
                    decided = Activity.Current?.OperationName;
                }

                return WebSocketUpgradeDecision.Accept();
            },
        };
        await using WebSocketServer server = await WebSocketServer.StartAsync(options, handler);
        await using WebSocketConnection first = await WebSocketClient.ConnectAsync(server.Address());
        Task<WebSocketConnection> waits = WebSocketClient.ConnectAsync(server.Address("/waits"));
        await asked.Task.WithDeadline();

        await first.SendAsync("while the decision is pending");
        Assert.Null(await handling.Task.WithDeadline());
        decide.SetResult();
        await using WebSocketConnection second = await waits.WithDeadline();

        Assert.Equal(Server, decided);
        Assert.Equal(2, activities.Of(Server).Length);
    }

    [Theory]
    [EachServer]
    public async Task The_activity_of_a_connection_lasts_until_its_end(ServerKind kind)
    {
        using var activities = new RecordedActivities();
        var serving = new TaskCompletionSource<Activity?>();
        WebSocketServerOptions options = Servers.OptionsOf(kind) with { Connection = new() { TraceConnection = true } };
        await using var server = await WebSocketServer.StartAsync(options, async (connection, cancellation) =>
        {
            await connection.ReceiveAsync(cancellation);
            serving.SetResult(Activity.Current == connection.Activity ? Activity.Current : null);
            await connection.CloseAsync((WebSocketCloseCode)4007);
        });
        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(
            server.Address(scheme: kind.Scheme()),
            new WebSocketClientOptions { Tls = kind.ClientTls(), Connection = new() { TraceConnection = true } });
        Assert.Null(Activity.Current);
        Assert.NotNull(client.Activity);
        Assert.Empty(activities.Of(Connection));
        await client.SendAsync("hello");
        await client.Closed.WithDeadline();
        await server.StopAsync().WithDeadline();

        Activity served = (await serving.Task.WithDeadline())!;
        Assert.Equal(2, activities.Of(Connection).Length);
        Assert.Contains(served, activities.Of(Connection));
        Assert.Equal(Assert.Single(activities.Of(Server)).SpanId, served.ParentSpanId);
        Assert.Equal(Assert.Single(activities.Of(Client)).SpanId, client.Activity.ParentSpanId);
        Assert.Equal(4007, served.GetTagItem("sockeye.close.code"));
        Assert.Equal("local", served.GetTagItem("sockeye.close.initiator"));
        Assert.Equal(4007, client.Activity.GetTagItem("sockeye.close.code"));
        Assert.Equal("peer", client.Activity.GetTagItem("sockeye.close.initiator"));
        Assert.Equal(ActivityStatusCode.Unset, served.Status);
    }

    [Fact]
    public async Task A_prepared_response_belongs_to_the_activity_of_the_server_that_writes_it()
    {
        using var activities = new RecordedActivities();
        using var metrics = new RecordedMetrics();
        await using var acceptor = new WebSocketAcceptor(new WebSocketAcceptorOptions());
        var headers = new WebSocketHeaders(
        [
            new("Host", "localhost"), new("Upgrade", "websocket"), new("Connection", "Upgrade"),
            new("Sec-WebSocket-Key", RawPeer.Key), new("Sec-WebSocket-Version", "13"),
            new("traceparent", $"00-{TraceId}-{SpanId}-01"),
        ]);
        using var request = new Activity("of the other server");
        request.SetIdFormat(ActivityIdFormat.W3C).Start();
        using WebSocketPreparedUpgrade prepared =
            await acceptor.PrepareAsync(new() { Request = new WebSocketParsedRequest("GET", "/", headers) });

        Activity handshake = Assert.Single(activities.Of(Server));
        Assert.True(prepared.IsAccepted);
        Assert.Equal(request.SpanId, handshake.ParentSpanId);
        Assert.Equal(ActivityKind.Internal, handshake.Kind);
        Assert.Same(request, Activity.Current);
        Assert.Equal(["http.response.status_code=101"], metrics.Results("sockeye.handshake.duration", "sockeye.role=server"));
    }

    [Fact]
    public async Task A_violation_is_an_error_of_the_connection()
    {
        using var activities = new RecordedActivities();
        WebSocketServerOptions options = Servers.Options with { Connection = new() { TraceConnection = true } };
        await using WebSocketServer server = await Servers.StartEchoAsync(options);
        using (RawPeer peer = await RawPeer.OpenAsync(server.LocalEndPoint))
        {
            await peer.SendAsync(Wire.Bytes("c1 80 00 00 00 00"));
            await peer.Stream.CopyToAsync(Stream.Null).WithDeadline();
        }

        await server.StopAsync().WithDeadline();
        Activity failed = Assert.Single(activities.Of(Connection));
        Assert.Equal(ActivityStatusCode.Error, failed.Status);
        Assert.Equal("reserved_bit_set", failed.GetTagItem("error.type"));
        Assert.Equal(1002, failed.GetTagItem("sockeye.close.code"));
    }

    [Theory]
    [EachClient]
    public async Task The_current_activity_is_passed_on_without_a_listener(ClientKind kind)
    {
        using var requests = new RequestRecorder();
        await using WebSocketServer server = await requests.StartAsync();
        using var current = new Activity("of the application");
        current.SetIdFormat(ActivityIdFormat.W3C).Start();
        current.TraceStateString = "vendor=value";
        await using WebSocketConnection connection = await WebSocketClient.ConnectAsync(server.Address(), kind.Options());

        Assert.Same(current, Activity.Current);
        Assert.Equal([current.Id!], requests.ValuesOf("traceparent"));
        Assert.Equal(["vendor=value"], requests.ValuesOf("tracestate"));
    }

    [Fact]
    public async Task Without_an_activity_no_header_is_sent()
    {
        using var requests = new RequestRecorder();
        await using WebSocketServer server = await requests.StartAsync();
        await using WebSocketConnection connection = await WebSocketClient.ConnectAsync(server.Address());

        Assert.Empty(requests.ValuesOf("traceparent"));
    }

    [Fact]
    public async Task A_header_of_the_application_is_kept()
    {
        using var requests = new RequestRecorder();
        using var activities = new RecordedActivities();
        await using WebSocketServer server = await requests.StartAsync();
        string own = $"00-{TraceId}-{SpanId}-01";
        await using WebSocketConnection connection = await WebSocketClient.ConnectAsync(
            server.Address(), new WebSocketClientOptions { RequestHeaders = [new("traceparent", own)] });

        Assert.Equal([own], requests.ValuesOf("traceparent"));
    }

    [Fact]
    public async Task Every_request_of_a_client_carries_the_activity_of_the_whole_attempt()
    {
        using var requests = new RequestRecorder();
        using var activities = new RecordedActivities();
        await using WebSocketServer server = await requests.StartAsync(redirectsFrom: "/old");
        await using WebSocketConnection connection = await WebSocketClient.ConnectAsync(
            server.Address("/old"), new WebSocketClientOptions { MaxRedirects = 1 });

        Activity client = Assert.Single(activities.Of(Client));
        Assert.Equal([client.Id!, client.Id!], requests.ValuesOf("traceparent"));
    }

    private static (string, object?)[] TagsOf(Activity activity) =>
        [.. activity.TagObjects.Select(tag => (tag.Key, tag.Value)).OrderBy(tag => tag.Key, StringComparer.Ordinal)];

    private sealed class RequestRecorder : IDisposable
    {
        private readonly List<WebSocketHeaders> _received = [];

        public Task<WebSocketServer> StartAsync(string? redirectsFrom = null) => WebSocketServer.StartAsync(
            Servers.Options with
            {
                OnUpgrade = (request, _) =>
                {
                    _received.Add(request.Headers);
                    WebSocketUpgradeDecision decision = request.Path == redirectsFrom
                        ? WebSocketUpgradeDecision.Reject(302) with { Headers = [new("Location", "/new")] }
                        : new WebSocketUpgradeAcceptance();
                    return ValueTask.FromResult(decision);
                },
            },
            new EchoHandler());

        public string[] ValuesOf(string header) =>
            [.. _received.SelectMany(headers => headers).Where(pair => pair.Key == header).Select(pair => pair.Value)];

        public void Dispose() => _received.Clear();
    }
}
