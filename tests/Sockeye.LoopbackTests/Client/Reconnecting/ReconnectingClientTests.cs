using System.Collections.Concurrent;

namespace Sockeye.Tests;

public sealed class ReconnectingClientTests : IAsyncDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly RawServer _server = new();
    private readonly BlockingCollection<WebSocketReconnectStatus> _told = [];
    private WebSocketReconnectingClient? _client;

    private WebSocketReconnectingClient Client => _client!;

    public async ValueTask DisposeAsync()
    {
        if (_client is not null)
        {
            Task closing = _client.DisposeAsync().AsTask();

            // Servers of these tests do not answer a Close frame.
            while (!closing.IsCompleted)
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                await Task.Yield();
            }
        }

        _server.Dispose();
        _told.Dispose();
    }

    [Fact]
    public async Task Messages_are_received_across_successive_connections()
    {
        Start();
        using RawPeer first = await _server.OpenAsync();
        await using IAsyncEnumerator<WebSocketMessage> messages = Client.ReadAllAsync().GetAsyncEnumerator();
        await first.SendAsync(RawFrame.Bytes(RawFrame.Text, "one"u8));

        Assert.True(await messages.MoveNextAsync().WithDeadline());
        Assert.Equal("one", messages.Current.GetText());
        Task<bool> next = messages.MoveNextAsync().AsTask();
        first.Reset();
        await WaitAsync(TimeSpan.FromSeconds(5));
        using RawPeer second = await _server.OpenAsync();
        await second.SendAsync(RawFrame.Bytes(RawFrame.Text, "two"u8));

        Assert.True(await next.WithDeadline());
        Assert.Equal("two", messages.Current.GetText());
        Assert.Equal(
            [
                WebSocketReconnectState.Connecting, WebSocketReconnectState.Open, WebSocketReconnectState.Waiting,
                WebSocketReconnectState.Connecting, WebSocketReconnectState.Open,
            ],
            Told());
    }

    [Fact]
    public async Task StartAsync_waits_for_the_first_connection_over_any_number_of_attempts()
    {
        Start();
        Task starting = Client.StartAsync();

        await RefuseAsync(503);
        await WaitAsync(TimeSpan.FromSeconds(5));
        await RefuseAsync(502);
        await WaitAsync(TimeSpan.FromSeconds(10));
        Assert.False(starting.IsCompleted);
        using RawPeer peer = await _server.OpenAsync();

        await starting.WithDeadline();
        Assert.Equal(WebSocketReconnectState.Open, Client.Status.State);
        Assert.Equal(2, Client.Status.FailureCount);
        Assert.Equal(WebSocketConnectionState.Open, Client.Connection!.State);
    }

    // CT-50.
    [Fact]
    public async Task The_delay_doubles_up_to_its_limit_and_a_stable_connection_resets_it()
    {
        Start();
        foreach (int seconds in new[] { 5, 10, 20, 40, 60, 60 })
        {
            await RefuseAsync(503);
            await WaitAsync(TimeSpan.FromSeconds(seconds));
        }

        // Open for less than is stable: it goes on.
        await OpenForAsync(TimeSpan.FromSeconds(29));
        await WaitAsync(TimeSpan.FromSeconds(60));

        await OpenForAsync(TimeSpan.FromSeconds(30));
        await WaitAsync(TimeSpan.FromSeconds(5));
        using RawPeer peer = await _server.OpenAsync();
    }

    [Theory]
    [InlineData(0.1, 0.5)]
    [InlineData(0.5, 2.5)]
    [InlineData(1, 5)]
    public async Task The_delay_is_a_random_fraction_of_its_limit(double random, double seconds)
    {
        Start(random: random);
        await RefuseAsync(503);
        await WaitAsync(TimeSpan.FromSeconds(seconds));
        using RawPeer peer = await _server.OpenAsync();
    }

    // IANA's registry of close codes: 5 to 30 seconds for 1012.
    [Theory]
    [InlineData(1012, 0, 5)]
    [InlineData(1012, 1, 30)]
    [InlineData(1013, 0, 30)]
    [InlineData(1013, 1, 35)]
    [InlineData(1001, 0.5, 2.5)]
    public async Task Close_codes_decide_whether_to_reconnect(int code, double random, double seconds)
    {
        Start(random: random);
        using RawPeer peer = await _server.OpenAsync();

        await peer.SendAsync(RawFrame.Bytes(RawFrame.Close, (byte)(code >> 8), (byte)code));
        peer.EndOutput();

        await WaitAsync(TimeSpan.FromSeconds(seconds));
        using RawPeer next = await _server.OpenAsync();
    }

    [Theory]
    [InlineData("120", 121)]
    [InlineData("0", 1)]
    [InlineData("Thu, 01 Jan 1970 00:00:30 GMT", 31)]
    [InlineData("Wed, 31 Dec 1969 00:00:00 GMT", 1)]
    [InlineData("4000000000", 3601)]
    [InlineData("-1", 1)]
    [InlineData("soon", 1)]
    [InlineData("99999999999999999999", 1)]
    [InlineData("1.5", 1)]
    public async Task Retry_After_is_honored_up_to_an_hour(string retryAfter, double seconds)
    {
        Start(new() { FirstDelay = TimeSpan.FromSeconds(1) });

        await RefuseAsync(503, $"Retry-After: {retryAfter}\r\n");

        await WaitAsync(TimeSpan.FromSeconds(seconds));
        using RawPeer next = await _server.OpenAsync();
    }

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(302)]
    [InlineData(200)]
    public async Task A_permanent_rejection_stops_reconnecting(int status)
    {
        Start();
        Task starting = Client.StartAsync();

        await RefuseAsync(status);

        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => starting.WithDeadline());
        Assert.Equal(status, thrown.StatusCode);
        WebSocketDisconnect last = await Client.Closed.WithDeadline();
        Assert.Same(thrown, last.Exception);
        Assert.Null(last.Result);
        Assert.Equal(WebSocketReconnectState.Closed, Client.Status.State);
        Assert.Same(thrown, await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => Client.SendAsync("late").AsTask().WithDeadline()));
        Assert.Same(thrown, await Assert.ThrowsAsync<WebSocketHandshakeException>(ReadOneAsync));
    }

    [Theory]
    [InlineData(1000, true)]
    [InlineData(1003, true)]
    [InlineData(1008, true)]
    [InlineData(3000, true)]
    [InlineData(1001, false)]
    [InlineData(1011, false)]
    [InlineData(4000, false)]
    public async Task A_permanent_close_code_stops_reconnecting(int code, bool isFinal)
    {
        Start();
        using RawPeer peer = await _server.OpenAsync();

        await peer.SendAsync(RawFrame.Bytes(RawFrame.Close, (byte)(code >> 8), (byte)code));
        peer.EndOutput();

        if (isFinal)
        {
            Assert.Equal(code, (int)(await Client.Closed.WithDeadline()).Result!.Code);
            await Assert.ThrowsAsync<WebSocketClosedException>(() => Client.SendAsync("late").AsTask().WithDeadline());
        }
        else
        {
            await WaitAsync(Timeout.InfiniteTimeSpan);
            Assert.False(Client.Closed.IsCompleted);
        }
    }

    [Fact]
    public async Task The_options_decide_whether_there_is_another_attempt()
    {
        List<WebSocketDisconnect> asked = [];
        Start(new()
        {
            ShouldReconnect = disconnect =>
            {
                asked.Add(disconnect);
                return asked.Count < 2;
            },
        });

        await RefuseAsync(404);
        await WaitAsync(TimeSpan.FromSeconds(5));
        await RefuseAsync(503);

        WebSocketDisconnect last = await Client.Closed.WithDeadline();
        Assert.Equal([404, 503], asked.Select(one => ((WebSocketHandshakeException)one.Exception!).StatusCode!.Value));
        Assert.Same(asked[1].Exception, last.Exception);
    }

    [Fact]
    public async Task Sends_wait_for_a_connection_and_survive_a_reconnect()
    {
        Start();
        Task early = Client.SendAsync("early").AsTask();
        Assert.False(early.IsCompleted);
        using RawPeer first = await _server.OpenAsync();
        await early.WithDeadline();
        Assert.Equal("early"u8.ToArray(), (await first.ReadFrameAsync()).Payload);

        first.Reset();
        await WaitAsync(Timeout.InfiniteTimeSpan);
        Task between = Client.SendAsync("between").AsTask();
        Assert.False(between.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(5));
        using RawPeer second = await _server.OpenAsync();

        await between.WithDeadline();
        Assert.Equal("between"u8.ToArray(), (await second.ReadFrameAsync()).Payload);
    }

    [Fact]
    public async Task A_queue_keeps_sends_between_connections_in_order_up_to_its_limit()
    {
        Start(new() { MaxQueueLength = 3 * (64 + 3) });
        await Client.SendAsync("m-1");
        await Client.SendAsync("m-2"u8.ToArray());
        await Client.SendAsync("m-3");
        Task fourth = Client.SendAsync("m-4").AsTask();

        Assert.False(fourth.IsCompleted);
        Assert.Equal(3 * (64 + 3), Client.QueueLength);
        using RawPeer peer = await _server.OpenAsync();
        await fourth.WithDeadline();
        await Client.SendAsync("m-5").AsTask().WithDeadline();

        for (int i = 1; i <= 5; i++)
        {
            RawFrame frame = await peer.ReadFrameAsync();
            Assert.Equal($"m-{i}", frame.PayloadText);
            Assert.Equal(i == 2 ? RawFrame.Binary : RawFrame.Text, frame.First);
        }

        Assert.Equal(0, Client.QueueLength);
    }

    [Fact]
    public async Task A_waiting_send_can_be_canceled()
    {
        Start();
        using var cancellation = new CancellationTokenSource();
        Task sending = Client.SendAsync("never", cancellation.Token).AsTask();

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending.WithDeadline());
    }

    [Fact]
    public async Task Closing_ends_a_wait()
    {
        Start();
        await RefuseAsync(503);
        await WaitAsync(Timeout.InfiniteTimeSpan);
        Task sending = Client.SendAsync("never").AsTask();
        Task<WebSocketMessage?> reading = ReadOneAsync();

        await Client.CloseAsync().WithDeadline();

        Assert.Equal(WebSocketReconnectState.Closed, Client.Status.State);
        Assert.Equal(503, Assert.IsType<WebSocketHandshakeException>((await Client.Closed).Exception).StatusCode);
        await Assert.ThrowsAnyAsync<Exception>(() => sending.WithDeadline());
        Assert.Null(await reading.WithDeadline());
    }

    [Fact]
    public async Task Closing_ends_an_attempt_and_its_socket()
    {
        Start();
        Task starting = Client.StartAsync();
        (RawPeer peer, _) = await _server.AcceptAsync();
        using RawPeer _1 = peer;

        await Client.CloseAsync().WithDeadline();

        await Assert.ThrowsAsync<WebSocketClosedException>(() => starting.WithDeadline());
        Assert.Equal("", await peer.ReadToEndAsync());
    }

    [Fact]
    public async Task A_client_closed_before_its_start_stays_closed()
    {
        Create();

        await Client.CloseAsync().WithDeadline();

        WebSocketClosedException closed =
            await Assert.ThrowsAsync<WebSocketClosedException>(() => Client.StartAsync().WithDeadline());
        Assert.Equal("The application closed the client before it had a connection.", closed.Message);
        Assert.Equal(WebSocketCloseCode.AbnormalClosure, closed.Result.Code);
        Assert.Equal(WebSocketCloseInitiator.Local, closed.Result.Initiator);
        await Assert.ThrowsAsync<WebSocketClosedException>(() => Client.SendAsync("late").AsTask().WithDeadline());
        Assert.Null((await Client.Closed).Exception);
        Assert.False(_server.HasPending);
    }

    [Fact]
    public async Task Closing_the_client_closes_its_connection_cleanly()
    {
        Start();
        using RawPeer peer = await _server.OpenAsync();
        await Client.StartAsync().WithDeadline();
        Task<WebSocketMessage?> reading = ReadOneAsync();
        Task closing = Client.CloseAsync(WebSocketCloseCode.GoingAway, "bye");

        RawFrame frame = await peer.ReadFrameAsync();
        await peer.SendAsync(RawFrame.Bytes(RawFrame.Close, frame.Payload));
        peer.EndOutput();
        await closing.WithDeadline();

        Assert.Equal([0x03, 0xE9, .. "bye"u8], frame.Payload);
        Assert.Equal(WebSocketCloseCode.GoingAway, (await Client.Closed.WithDeadline()).Result!.Code);
        Assert.Null(await reading.WithDeadline());
        Assert.False(_server.HasPending);
    }

    [Fact]
    public async Task Canceling_the_start_does_not_end_the_client()
    {
        Start();
        using var cancellation = new CancellationTokenSource();
        Task starting = Client.StartAsync(cancellation.Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => starting.WithDeadline());

        using RawPeer peer = await _server.OpenAsync();

        await Client.StartAsync().WithDeadline();
    }

    [Fact]
    public async Task A_status_callback_that_throws_does_not_affect_the_client()
    {
        var log = new CapturingLoggerFactory();
        Start(new() { OnStatusChanged = _ => throw new InvalidOperationException("no") }, log: log);

        using RawPeer peer = await _server.OpenAsync();
        await Client.StartAsync().WithDeadline();

        Assert.Contains(log.Entries, entry => entry is { EventId: 401, Exception.Message: "no" });
    }

    [Fact]
    public async Task An_exception_in_a_connection_callback_stops_reconnecting()
    {
        var cause = new InvalidOperationException("broken on purpose");
        _client = new WebSocketReconnectingClient(_server.Address, new WebSocketReconnectOptions
        {
            Client = new WebSocketClientOptions { TimeProvider = _time, OnSendingRequest = (_, _) => throw cause },
        });

        Assert.Same(cause, await Assert.ThrowsAsync<InvalidOperationException>(() => Client.StartAsync().WithDeadline()));

        WebSocketDisconnect last = await Client.Closed.WithDeadline();
        Assert.Same(cause, last.Exception);
        Assert.False(last.IsTransient);
    }

    [Fact]
    public async Task An_exception_in_the_reconnect_decision_stops_reconnecting()
    {
        var cause = new InvalidOperationException("no");
        Start(new() { ShouldReconnect = _ => throw cause });

        await RefuseAsync(503);

        Assert.Same(cause, (await Client.Closed.WithDeadline()).Exception);
        Assert.Same(cause, await Assert.ThrowsAsync<InvalidOperationException>(ReadOneAsync));
    }

    [Fact]
    public async Task A_handler_gets_the_messages_of_all_connections()
    {
        await using WebSocketServer server = await Servers.StartEchoAsync();
        var received = new TaskCompletionSource<string>();
        await using var client = new WebSocketReconnectingClient(
            server.Address(), handler: new CallbackHandler
            {
                Received = (_, payload) => received.TrySetResult(System.Text.Encoding.UTF8.GetString(payload)),
            });
        await client.StartAsync().WithDeadline();

        await client.SendAsync("hello");

        Assert.Equal("hello", await received.Task.WithDeadline());
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => client.ReadAllAsync().GetAsyncEnumerator().MoveNextAsync().AsTask());
    }

    // CT-50.
    [Fact]
    public async Task A_server_that_flaps_a_thousand_times_leaks_nothing()
    {
        Start(random: 0);

        for (int i = 0; i < 1000; i++)
        {
            RawPeer peer = await _server.OpenAsync();
            peer.Reset();
        }

        using RawPeer last = await _server.OpenAsync();
        await Client.SendAsync("still here");
        Assert.Equal("still here"u8.ToArray(), (await last.ReadFrameAsync()).Payload);
    }

    [Theory]
    [InlineData("ftp://a/")]
    [InlineData("ws://a/#b")]
    public void An_invalid_address_throws_at_once(string address) =>
        Assert.Throws<ArgumentException>(() => new WebSocketReconnectingClient(address));

    private void Start(
        WebSocketReconnectOptions? options = null, double random = 1, CapturingLoggerFactory? log = null)
    {
        Create(options, random, log);
        _ = Client.StartAsync().ContinueWith(starting => _ = starting.Exception, TaskScheduler.Default);
    }

    private void Create(
        WebSocketReconnectOptions? options = null, double random = 1, CapturingLoggerFactory? log = null)
    {
        WebSocketReconnectOptions given = options ?? WebSocketReconnectOptions.Default;
        _client = new WebSocketReconnectingClient(_server.Address, new WebSocketReconnectOptions
        {
            Client = log is null
                ? new WebSocketClientOptions { TimeProvider = _time }
                : new WebSocketClientOptions { TimeProvider = _time, LoggerFactory = log },
            FirstDelay = given.FirstDelay,
            MaxQueueLength = given.MaxQueueLength,
            ShouldReconnect = given.ShouldReconnect,
            NextRandom = () => random,
            OnStatusChanged = status =>
            {
                _told.Add(status);
                given.OnStatusChanged?.Invoke(status);
            },
        });
    }

    private List<WebSocketReconnectState> Told() => [.. _told.Select(status => status.State)];

    /// <summary>Waits until the client is waiting for its next attempt, and advances the clock past the delay.</summary>
    private async Task WaitAsync(TimeSpan expected)
    {
        await Deadlines.UntilAsync(
            () => Client.Status.State == WebSocketReconnectState.Waiting, "a client that waits");
        WebSocketReconnectStatus status = Client.Status;
        await Deadlines.UntilAsync(() => _time.TimerCount > 0, "its timer");
        if (expected == Timeout.InfiniteTimeSpan)
        {
            return;
        }

        Assert.Equal(expected, status.Delay);
        _time.Advance(expected);
        await Deadlines.UntilAsync(() => !ReferenceEquals(Client.Status, status), "another attempt");
    }

    private async Task OpenForAsync(TimeSpan time)
    {
        using RawPeer peer = await _server.OpenAsync();
        await Deadlines.UntilAsync(
            () => Client.Status.State == WebSocketReconnectState.Open, "a connection that is open");
        _time.Advance(time);
        peer.Reset();
    }

    private async Task RefuseAsync(int status, string headers = "")
    {
        (RawPeer peer, _) = await _server.AcceptAsync();
        await peer.SendAsync($"HTTP/1.1 {status} No\r\n{headers}Content-Length: 0\r\n\r\n");
        peer.Dispose();
    }

    private async Task<WebSocketMessage?> ReadOneAsync()
    {
        await foreach (WebSocketMessage message in Client.ReadAllAsync())
        {
            return message;
        }

        return null;
    }
}
