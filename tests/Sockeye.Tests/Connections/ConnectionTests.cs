using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>The whole connection, mostly with two connected ends.</summary>
public sealed class ConnectionTests
{
    private readonly InMemoryLink _link = new();

    [Theory]
    [InlineData("server")]
    [InlineData("client")]
    public void Either_end_echoes_what_the_other_sends(string echoing)
    {
        var echo = new RecordingHandler
        {
            Sync = (connection, text) =>
                connection.TrySend(System.Text.Encoding.UTF8.GetBytes(text), WebSocketMessageKind.Text),
        };
        var heard = new RecordingHandler();
        (TestConnection client, TestConnection server) = echoing == "server" ? Open(heard, echo) : Open(echo, heard);
        WebSocketConnection asking = (echoing == "server" ? client : server).Connection;

        string[] texts =
        [
            "a", "ünïcödé", new string('x', 125), new string('y', 126), new string('z', 65_535), new string('w', 70_000),
        ];
        foreach (string text in texts)
        {
            Assert.True(asking.SendAsync(text).IsCompletedSuccessfully);
            _link.Pump();
        }

        Assert.Equal(string.Join(' ', texts), heard.Events);
        Assert.Equal(0, client.Pool.OutCount);
        Assert.Equal(0, server.Pool.OutCount);
    }

    [Fact]
    public async Task Two_ends_close_cleanly()
    {
        var closed = new RecordingHandler();
        (TestConnection client, TestConnection server) = Open(null, closed);
        Assert.Equal(WebSocketConnectionState.Open, client.Connection.State);
        Task<WebSocketCloseResult> close = client.Connection.CloseAsync((WebSocketCloseCode)4000, "bye").AsTask();
        Assert.Equal(WebSocketConnectionState.Closing, client.Connection.State);

        _link.Pump();

        WebSocketCloseResult ours = await close;
        Assert.True(ours.WasClean && server.Result.WasClean);
        Assert.Equal((4000, "bye"), ((int)server.Result.Code, server.Result.Reason));
        Assert.Equal(WebSocketCloseInitiator.Local, ours.Initiator);
        Assert.Equal(WebSocketCloseInitiator.Peer, server.Result.Initiator);
        Assert.Equal(WebSocketConnectionState.Closed, client.Connection.State);
        Assert.Equal("closed:4000", closed.Events);
    }

    [Fact]
    public void An_abort_is_a_reset_to_the_peer()
    {
        (TestConnection client, TestConnection server) = Open(null, null);

        client.Connection.Abort();
        _link.Pump();

        Assert.Equal(WebSocketCloseCode.AbnormalClosure, server.Result.Code);
        Assert.IsType<IOException>(server.Result.Exception);
    }

    [Fact]
    public async Task Fragments_are_sent_as_written_and_received_as_they_arrive()
    {
        (TestConnection client, TestConnection server) = Open(
            null, null, new WebSocketConnectionOptions { DeliverFragments = true });
        await using WebSocketMessageWriter writer = client.Connection.BeginMessage(WebSocketMessageKind.Text);

        await writer.WriteAsync("one"u8.ToArray(), TestContext.Current.CancellationToken);
        await writer.WriteAsync(ReadOnlyMemory<byte>.Empty, TestContext.Current.CancellationToken);
        await writer.WriteAsync("two"u8.ToArray(), TestContext.Current.CancellationToken);
        await writer.CompleteAsync(TestContext.Current.CancellationToken);
        _link.Pump();

        List<string> pieces = [];
        WebSocketFragment piece;
        do
        {
            piece = Assert.NotNull(await server.Connection.ReceiveFragmentAsync(TestContext.Current.CancellationToken));
            Assert.Equal(WebSocketMessageKind.Text, piece.Kind);
            pieces.Add(System.Text.Encoding.UTF8.GetString(piece.Payload.Span));
        }
        while (!piece.EndOfMessage);

        Assert.Equal(["one", "two", ""], pieces);
    }

    [Fact] // ws, "send" 6
    public async Task Fragments_arrive_as_one_message_at_a_peer_that_receives_whole_messages()
    {
        (TestConnection client, TestConnection server) = Open(null, null);
        await using WebSocketMessageWriter writer = server.Connection.BeginMessage(WebSocketMessageKind.Binary);
        await writer.WriteAsync("frag"u8.ToArray(), TestContext.Current.CancellationToken);
        server.Connection.TrySend("waits"u8);
        await writer.CompleteAsync("ment"u8.ToArray(), TestContext.Current.CancellationToken);
        _link.Pump();

        WebSocketMessage first = await client.Connection.ReceiveMessageAsync(TestContext.Current.CancellationToken);
        Assert.Equal("fragment"u8, first.Payload.Span);
        WebSocketMessage second = await client.Connection.ReceiveMessageAsync(TestContext.Current.CancellationToken);

        Assert.Equal("waits"u8, second.Payload.Span);
    }

    [Fact] // CC-07
    public async Task An_abandoned_message_fails_the_connection_with_1011()
    {
        var test = new TestConnection();
        WebSocketMessageWriter writer = test.Connection.BeginMessage(WebSocketMessageKind.Text);
        await writer.WriteAsync("half"u8.ToArray(), TestContext.Current.CancellationToken);

        await writer.DisposeAsync();

        Assert.Equal("Text… 'half', Close 1011", test.Wire());
        Assert.Equal(WebSocketSendResult.Closed, test.Connection.TrySend("no"u8));
    }

    [Fact]
    public async Task A_writer_that_sent_nothing_or_everything_may_be_disposed()
    {
        var test = new TestConnection();
        await test.Connection.BeginMessage(WebSocketMessageKind.Text).DisposeAsync();
        WebSocketMessageWriter writer = test.Connection.BeginMessage(WebSocketMessageKind.Text);
        await writer.CompleteAsync("all"u8.ToArray(), TestContext.Current.CancellationToken);
        await writer.DisposeAsync();
        await writer.DisposeAsync();

        Assert.Equal("Text 'all'", test.Wire());
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => writer.CompleteAsync(TestContext.Current.CancellationToken).AsTask());
        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
    }

    [Fact]
    public void A_concurrent_write_of_a_writer_throws_and_a_canceled_write_can_be_repeated()
    {
        var test = new TestConnection(options: new WebSocketConnectionOptions
        {
            Limits = new() { MaxSendBufferLength = 100 },
        });
        WebSocketMessageWriter writer = test.Connection.BeginMessage(WebSocketMessageKind.Text);
        Assert.True(writer.WriteAsync("one"u8.ToArray()).IsCompletedSuccessfully);
        test.Transport.Capacity = 0;
        Assert.True(writer.WriteAsync(new byte[100]).IsCompletedSuccessfully);
        using var cancellation = new CancellationTokenSource();
        Task waits = writer.WriteAsync("two"u8.ToArray(), cancellation.Token).AsTask();

        Assert.IsType<InvalidOperationException>(writer.WriteAsync("no"u8.ToArray()).AsTask().Exception!.InnerException);
        cancellation.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(waits.GetAwaiter().GetResult);
        Task repeated = writer.CompleteAsync("two"u8.ToArray()).AsTask();
        test.Transport.Drain();
        repeated.Wait(TimeSpan.FromSeconds(30));

        Assert.Equal("Text… 'one', Continuation… 100 bytes, Continuation 'two'", test.Wire());
    }

    [Fact] // ws, "pong" 19
    public async Task A_ping_gets_a_pong_and_a_round_trip_time()
    {
        (TestConnection client, TestConnection server) = Open(null, null);
        Task<TimeSpan> ping = client.Connection.PingAsync().AsTask();
        Assert.Null(client.Connection.RoundTripTime);
        client.Time.Advance(TimeSpan.FromMilliseconds(30));

        _link.Pump();

        Assert.Equal(TimeSpan.FromMilliseconds(30), await ping);
        Assert.Equal(TimeSpan.FromMilliseconds(30), client.Connection.RoundTripTime);
        Assert.Null(server.Connection.RoundTripTime);
    }

    [Fact]
    public async Task A_ping_can_be_canceled_and_fails_when_the_connection_ends()
    {
        var test = new TestConnection();
        using var cancellation = new CancellationTokenSource();
        Task<TimeSpan> given = test.Connection.PingAsync(cancellation.Token).AsTask();
        Task<TimeSpan> waits = test.Connection.PingAsync().AsTask();

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        test.Connection.Abort();

        await Assert.ThrowsAsync<WebSocketClosedException>(() => waits);
        await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Connection.PingAsync().AsTask());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_ping_whose_pong_lacks_its_payload_fails_at_the_pong_timeout(bool hasToken)
    {
        using var cancellation = new CancellationTokenSource();
        var test = new TestConnection();
        Task<TimeSpan> ping = test.Connection.PingAsync(hasToken ? cancellation.Token : default).AsTask();

        test.Receive(Opcode.Pong, []);
        test.Time.Advance(TimeSpan.FromSeconds(19));
        Assert.False(ping.IsCompleted);
        test.Time.Advance(TimeSpan.FromSeconds(1.3));

        await Assert.ThrowsAsync<TimeoutException>(() => ping);
        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
    }

    [Fact]
    public async Task A_ping_waits_forever_if_the_pong_timeout_is_infinite()
    {
        var test = new TestConnection(options: new WebSocketConnectionOptions
        {
            KeepAlive = KeepAliveOptions.Disabled with { PongTimeout = Timeout.InfiniteTimeSpan },
        });
        Task<TimeSpan> ping = test.Connection.PingAsync().AsTask();

        test.Time.Advance(TimeSpan.FromDays(1));
        Assert.False(ping.IsCompleted);

        test.Connection.Abort();
        await Assert.ThrowsAsync<WebSocketClosedException>(() => ping);
    }

    [Fact]
    public async Task A_ping_queued_behind_data_in_transit_gets_more_time()
    {
        var test = new TestConnection(options: new WebSocketConnectionOptions { KeepAlive = KeepAliveOptions.Disabled });
        test.Transport.KernelLength = 1_000;
        test.Transport.KernelProgress = 100;
        Task<TimeSpan> ping = test.Connection.PingAsync().AsTask();

        test.Transport.KernelProgress = 600;
        test.Time.Advance(TimeSpan.FromSeconds(20.3));
        Assert.False(ping.IsCompleted);

        test.Time.Advance(TimeSpan.FromSeconds(20.3));
        await Assert.ThrowsAsync<TimeoutException>(() => ping);
    }

    [Fact]
    public async Task A_ping_with_a_pong_leaves_no_deadline()
    {
        var test = new TestConnection(options: new WebSocketConnectionOptions { KeepAlive = KeepAliveOptions.Disabled });
        Task<TimeSpan> ping = test.Connection.PingAsync().AsTask();

        test.Receive(Opcode.Pong, Assert.Single(test.Frames()).Payload);
        await ping;

        Assert.Equal(0, test.Time.TimerCount);
    }

    [Fact] // FR-61
    public void Unsolicited_pongs_are_reported_and_ignored()
    {
        var handler = new RecordingHandler();
        var test = new TestConnection(handler: handler);

        test.Receive(Opcode.Pong, []);
        test.Receive(Opcode.Pong, new byte[8]);
        test.Receive(Opcode.Pong, new byte[125]);

        Assert.Equal("pong pong pong", handler.Events);
        Assert.Null(test.Connection.RoundTripTime);
        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
    }

    [Fact]
    public void An_unsolicited_pong_may_be_sent_with_at_most_125_bytes() // §5.5.3, ws, "pong" 18
    {
        var test = new TestConnection(options: new WebSocketConnectionOptions { AnswerPings = false });
        test.Receive(Opcode.Ping, "?"u8);
        Assert.Equal("", test.Wire());

        Assert.True(test.Connection.PongAsync("!"u8.ToArray()).IsCompletedSuccessfully);
        Assert.Throws<ArgumentException>(() => { _ = test.Connection.PongAsync(new byte[126]); });

        Assert.Equal("Pong '!'", test.Wire());
    }

    [Fact]
    public void A_silent_peer_is_pinged_and_then_aborted()
    {
        var test = new TestConnection();
        test.Time.Advance(TimeSpan.FromSeconds(20.3));
        Assert.Equal(RawOpcode.Ping, Assert.Single(test.Frames()).Opcode);

        test.Time.Advance(TimeSpan.FromSeconds(20.3));

        Assert.True(test.Transport.IsAborted);
        Assert.IsType<TimeoutException>(test.Result.Exception);
        Assert.Equal(WebSocketCloseCode.AbnormalClosure, test.Result.Code);
        Assert.Equal(0, test.Time.TimerCount);
    }

    [Fact]
    public void A_peer_that_sends_pongs_is_not_aborted()
    {
        (TestConnection client, TestConnection server) = Open(null, null);

        for (int i = 0; i < 3_000; i++)
        {
            client.Time.Advance(TimeSpan.FromMilliseconds(100));
            _link.Pump();
        }

        Assert.Equal(WebSocketConnectionState.Open, client.Connection.State);
        Assert.Equal(WebSocketConnectionState.Open, server.Connection.State);
        Assert.NotNull(client.Connection.RoundTripTime);
    }

    [Fact]
    public void A_peer_that_reads_a_long_message_slowly_is_not_aborted()
    {
        var test = new TestConnection();
        test.Transport.Capacity = 0;
        test.Connection.TrySend(new byte[900_000]);

        for (int second = 0; second < 220; second++)
        {
            test.Transport.Drain(4_000);
            test.Time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
        }
    }

    [Fact]
    public void A_peer_whose_messages_are_not_received_is_not_aborted()
    {
        var test = new TestConnection(options: new WebSocketConnectionOptions
        {
            Limits = new() { MaxInboxLength = 1 },
        });
        test.Transport.Feed([.. test.FromPeer(Opcode.Text, "1"u8), .. test.FromPeer(Opcode.Text, "2"u8)]);
        Assert.True(test.Transport.IsPaused);

        test.Time.Advance(TimeSpan.FromMinutes(10));

        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
    }

    [Fact]
    public void SendBufferLength_has_the_buffered_bytes()
    {
        var test = new TestConnection(Role.Client);
        test.Transport.Capacity = 4;

        Assert.Equal(WebSocketSendResult.Queued, test.Connection.TrySend("12345"u8));
        Assert.Equal(7, test.Connection.SendBufferLength);
        test.Transport.Drain();

        Assert.Equal(0, test.Connection.SendBufferLength);
    }

    [Fact]
    public async Task The_exception_of_a_closed_connection_has_the_close_result()
    {
        var test = new TestConnection();
        _ = test.Connection.CloseAsync(WebSocketCloseCode.GoingAway, "moving");

        WebSocketClosedException closing =
            await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Connection.SendAsync("no").AsTask());
        Assert.Equal(WebSocketCloseCode.GoingAway, closing.Result.Code);
        Assert.Equal(WebSocketCloseInitiator.Local, closing.Result.Initiator);
        Assert.False(closing.Result.WasClean);
        test.ReceiveClose(1000, "fine");
        test.Transport.EndInput();
        WebSocketClosedException closed =
            await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Connection.SendAsync("no").AsTask());

        Assert.Same(test.Result, closed.Result);
        Assert.Contains("1000 (NormalClosure) 'fine', clean, begun by this end", closed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_may_have_any_characters_and_a_lone_surrogate_is_replaced()
    {
        var test = new TestConnection();

        Assert.True(test.Connection.SendAsync("a€😀\uD800").IsCompletedSuccessfully);

        Assert.Equal("61E282ACF09F9880EFBFBD", Convert.ToHexString(Assert.Single(test.Frames()).Payload));
        Assert.Equal(0, test.Pool.OutCount);
    }

    [Fact]
    public async Task A_delegate_that_returns_closes_with_1000_and_one_that_throws_with_1011()
    {
        foreach (bool throws in (bool[])[false, true])
        {
            WebSocketHandler handler = WebSocketHandler.FromDelegate(async (connection, _) =>
            {
                await connection.ReceiveAsync().ConfigureAwait(false);
                if (throws)
                {
                    throw new FormatException();
                }
            });
            var link = new InMemoryLink();
            var server = new TestConnection(Role.Server, handler, transport: link.Server);
            var client = new TestConnection(Role.Client, transport: link.Client);
            await client.Connection.SendAsync("go", TestContext.Current.CancellationToken);

            Deadlines.Until(
                () =>
                {
                    link.Pump();
                    return client.Connection.Closed.IsCompleted && server.Connection.Closed.IsCompleted;
                },
                "both ends are closed");

            Assert.Equal(throws ? 1011 : 1000, (int)client.Result.Code);
            Assert.Equal(throws, server.Result.Exception is FormatException);
        }
    }

    private (TestConnection Client, TestConnection Server) Open(
        WebSocketHandler? clientHandler, WebSocketHandler? serverHandler, WebSocketConnectionOptions? serverOptions = null)
    {
        var time = new ManualTimeProvider();
        return (new TestConnection(Role.Client, clientHandler, transport: _link.Client, time: time),
            new TestConnection(Role.Server, serverHandler, serverOptions, _link.Server, time));
    }
}
