using System.Text;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>A whole connection as a stream: what createWebSocketStream of ws is tested for.</summary>
public sealed class ConnectionStreamTests
{
    public static TheoryData<bool, bool> RolesAndPieces => new() { { true, true }, { true, false }, { false, true }, { false, false } };

    [Theory]
    [MemberData(nameof(RolesAndPieces))]
    public async Task Reads_join_the_payloads_of_messages_of_both_kinds(bool isServer, bool deliverFragments)
    {
        TestConnection test = Open(isServer, deliverFragments);
        await using Stream stream = test.Connection.AsStream(leaveOpen: true);
        test.Receive("one");
        test.Receive(Opcode.Binary, []);
        test.Receive(Opcode.Binary, "two"u8, fin: false);
        test.Receive(Opcode.Continuation, "three"u8);
        byte[] buffer = new byte[11];

        await stream.ReadExactlyAsync(buffer).AsTask().WithDeadline();

        Assert.Equal("onetwothree", Encoding.UTF8.GetString(buffer));
        Assert.True(stream.CanRead && stream.CanWrite && !stream.CanSeek);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Each_write_is_a_message_of_the_kind_that_was_asked_for(bool isServer)
    {
        TestConnection test = Open(isServer);
        await using Stream binary = test.Connection.AsStream(leaveOpen: true);
        await using Stream text = test.Connection.AsStream(WebSocketMessageKind.Text, leaveOpen: true);

        await binary.WriteAsync(new byte[] { 1, 2 });
        await binary.WriteAsync(ReadOnlyMemory<byte>.Empty);
        binary.Write([]);
        await text.WriteAsync("a"u8.ToArray());
        text.Write("b"u8);
        text.Write("c"u8.ToArray(), 0, 1);
        await text.FlushAsync();
        text.Flush();

        Assert.Equal(
            ["Binary 0102", "Text 61", "Text 62", "Text 63"],
            test.Frames().Select(frame => $"{frame.Opcode} {Convert.ToHexString(frame.Payload)}"));
        Assert.Throws<ArgumentOutOfRangeException>(() => test.Connection.AsStream((WebSocketMessageKind)8));
    }

    [Fact]
    public async Task A_write_on_a_closing_or_closed_connection_throws_an_IOException()
    {
        TestConnection test = Open(isServer: true);
        Stream stream = test.Connection.AsStream(leaveOpen: true);
        Task<WebSocketCloseResult> closing = test.Connection.CloseAsync().AsTask();

        IOException whileClosing = await Assert.ThrowsAsync<IOException>(() => stream.WriteAsync(new byte[1]).AsTask());
        test.ReceiveClose();
        test.Transport.EndInput();
        await closing.WithDeadline();
        IOException whenClosed = await Assert.ThrowsAsync<IOException>(() => stream.WriteAsync(new byte[1]).AsTask());

        Assert.IsType<WebSocketClosedException>(whileClosing.InnerException);
        Assert.IsType<WebSocketClosedException>(whenClosed.InnerException);
        Assert.Throws<IOException>(() => stream.Write([1]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_protocol_error_of_the_peer_is_thrown_from_the_read_and_the_peer_gets_1002(bool isServer)
    {
        TestConnection test = Open(isServer);
        Stream stream = test.Connection.AsStream(leaveOpen: true);
        Task<int> reading = stream.ReadAsync(new byte[1]).AsTask();

        test.Transport.Feed(test.FromPeer((Opcode)3, []));
        test.Transport.EndInput();

        IOException thrown = await Assert.ThrowsAsync<IOException>(() => reading.WithDeadline());
        WebSocketClosedException closed = Assert.IsType<WebSocketClosedException>(thrown.InnerException);
        Assert.Equal(
            WebSocketProtocolError.ReservedOpcode, Assert.IsType<WebSocketProtocolException>(closed.Result.Exception).Error);
        Assert.Equal("03EA", Convert.ToHexString(test.Frames()[^1].Payload));
    }

    [Fact]
    public async Task An_error_that_arrives_while_the_stream_is_disposed_is_in_the_result()
    {
        var test = new TestConnection(deflate: DeflateSetup.Takeover());
        Stream stream = test.Connection.AsStream();
        Task disposing = stream.DisposeAsync().AsTask();
        Assert.False(disposing.IsCompleted);

        test.ReceiveCompressed(Opcode.Text, [0xFF, 0xFF]);
        test.Transport.EndInput();

        await disposing.WithDeadline();
        Assert.IsType<WebSocketProtocolException>(test.Result.Exception);
    }

    [Theory]
    [MemberData(nameof(RolesAndPieces))]
    public async Task Reads_return_0_after_a_clean_close_of_the_peer_and_then_the_stream_is_disposed(
        bool isServer, bool deliverFragments)
    {
        TestConnection test = Open(isServer, deliverFragments);
        Stream stream = test.Connection.AsStream();
        test.Receive("last");
        test.ReceiveClose(4000);
        byte[] buffer = new byte[10];

        Assert.Equal(4, await stream.ReadAsync(buffer).AsTask().WithDeadline());
        Task<int> end = stream.ReadAsync(buffer).AsTask();
        test.Transport.EndInput();
        Assert.Equal(0, await end.WithDeadline());
        Assert.Equal(0, await stream.ReadAsync(buffer));
        await stream.DisposeAsync().AsTask().WithDeadline();

        Assert.True(test.Result.WasClean);
        Assert.Equal((WebSocketCloseCode)4000, test.Result.Code);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => stream.ReadAsync(buffer).AsTask());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => stream.WriteAsync(buffer).AsTask());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Disposing_closes_with_1000_and_a_pending_read_returns_0(bool synchronously)
    {
        TestConnection test = Open(isServer: true);
        Stream stream = test.Connection.AsStream();
        Task<int> reading = stream.ReadAsync(new byte[1]).AsTask();
        Task disposing = Task.CompletedTask;
        if (synchronously)
        {
            stream.Dispose();
        }
        else
        {
            disposing = stream.DisposeAsync().AsTask();
            Assert.False(disposing.IsCompleted);
        }

        Assert.Equal("03E8", Convert.ToHexString(Assert.Single(test.Frames()).Payload));
        test.Receive("dropped");
        test.ReceiveClose();
        test.Transport.EndInput();

        await disposing.WithDeadline();
        Assert.Equal(0, await reading.WithDeadline());
        Assert.True(test.Result.WasClean);
        Assert.False(stream.CanRead || stream.CanWrite);
        Assert.Equal(0, test.Pool.OutCount);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_stream_that_leaves_the_connection_open_does_not_close_it(bool synchronously)
    {
        TestConnection test = Open(isServer: true);
        Stream stream = test.Connection.AsStream(leaveOpen: true);

        if (synchronously)
        {
            stream.Dispose();
        }

        await stream.DisposeAsync();

        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
        Assert.Empty(test.Frames());
    }

    [Fact]
    public async Task A_lost_connection_throws_an_IOException_behind_what_was_received()
    {
        TestConnection test = Open(isServer: false);
        Stream stream = test.Connection.AsStream();
        test.Receive("last");
        test.Transport.EndInput();
        byte[] buffer = new byte[10];
        Assert.Equal(4, await stream.ReadAsync(buffer));

        IOException thrown = await Assert.ThrowsAsync<IOException>(() => stream.ReadAsync(buffer).AsTask());
        IOException copying = await Assert.ThrowsAsync<IOException>(() => stream.CopyToAsync(Stream.Null));

        Assert.False(Assert.IsType<WebSocketClosedException>(thrown.InnerException).Result.WasClean);
        Assert.IsType<WebSocketClosedException>(copying.InnerException);
        Assert.Throws<IOException>(() => stream.Read(buffer));
    }

    [Fact]
    public async Task A_clean_close_inside_a_message_throws_an_IOException()
    {
        TestConnection test = Open(isServer: true, deliverFragments: true);
        Stream stream = test.Connection.AsStream();
        test.Receive(Opcode.Binary, "part"u8, fin: false);
        test.ReceiveClose();
        Assert.Equal(4, await stream.ReadAsync(new byte[10]));
        test.Transport.EndInput();

        await Assert.ThrowsAsync<IOException>(() => stream.ReadAsync(new byte[10]).AsTask().WithDeadline());
    }

    [Fact]
    public async Task A_write_waits_until_the_peer_has_taken_enough()
    {
        TestConnection test = Open(isServer: true);
        Stream stream = test.Connection.AsStream();
        test.Transport.Capacity = 0;
        Task waiting;
        int written = 0;
        do
        {
            waiting = stream.WriteAsync(new byte[100_000]).AsTask();
            written++;
        }
        while (waiting.IsCompleted);

        Assert.InRange(written, 10, 13);
        test.Transport.Capacity = int.MaxValue;
        test.Transport.Drain();

        await waiting.WithDeadline();
        Assert.Equal(written, test.Frames().Count);
    }

    [Fact]
    public async Task A_synchronous_write_blocks_until_the_peer_has_taken_enough()
    {
        TestConnection test = Open(isServer: true);
        Stream stream = test.Connection.AsStream();
        test.Transport.Capacity = 0;
        while (test.Connection.TrySend(new byte[100_000]) != WebSocketSendResult.Refused)
        {
        }

        Task blocked = Task.Factory.StartNew(
            () => stream.Write([1]), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Assert.False(blocked.IsCompleted);
        test.Transport.Capacity = int.MaxValue;
        test.Transport.Drain();

        await blocked.WithDeadline();
        Assert.Equal("01", Convert.ToHexString(test.Frames()[^1].Payload));
    }

    [Fact]
    public async Task The_transport_stays_paused_until_the_stream_is_read()
    {
        TestConnection test = Open(isServer: true);
        Stream stream = test.Connection.AsStream();
        byte[] part = new byte[50_000];
        int fed = 0;
        while (!test.Connection.Core.IsReadingPaused)
        {
            test.Receive(Opcode.Binary, part);
            fed++;
        }

        Assert.InRange(fed, 2, 4);
        byte[] buffer = new byte[part.Length];
        Assert.Equal(100, await stream.ReadAsync(buffer.AsMemory(0, 100)));
        await stream.ReadExactlyAsync(buffer.AsMemory(100)).AsTask().WithDeadline();
        await stream.ReadExactlyAsync(buffer).AsTask().WithDeadline();

        Assert.False(test.Connection.Core.IsReadingPaused);
    }

    [Fact]
    public async Task Reads_go_on_while_this_end_closes()
    {
        TestConnection test = Open(isServer: true);
        Stream stream = test.Connection.AsStream(leaveOpen: true);
        int fed = 0;
        while (!test.Connection.Core.IsReadingPaused)
        {
            test.Receive(Opcode.Binary, new byte[50_000]);
            fed++;
        }

        Task<WebSocketCloseResult> closing = test.Connection.CloseAsync().AsTask();
        test.Receive(Opcode.Binary, new byte[50_000]);
        test.ReceiveClose();
        var copy = new MemoryStream();
        Task copying = stream.CopyToAsync(copy);
        test.Transport.EndInput();

        Assert.True((await closing.WithDeadline()).WasClean);
        await copying.WithDeadline();
        Assert.Equal((fed + 1) * 50_000, copy.Length);
    }

    [Fact]
    public async Task Canceling_a_read_or_a_write_loses_nothing()
    {
        TestConnection test = Open(isServer: true);
        Stream stream = test.Connection.AsStream();
        using var cancellation = new CancellationTokenSource();
        byte[] buffer = new byte[10];
        Task<int> reading = stream.ReadAsync(buffer, cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stream.WriteAsync(buffer, cancellation.Token).AsTask());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stream.FlushAsync(cancellation.Token));
        test.Receive("kept");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stream.ReadAsync(buffer, cancellation.Token).AsTask());

        Assert.Equal(4, await stream.ReadAsync(buffer));
        Assert.Empty(test.Frames());
        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
    }

    [Fact]
    public async Task Synchronous_reads_block_until_there_are_bytes()
    {
        TestConnection test = Open(isServer: true);
        Stream stream = test.Connection.AsStream();
        byte[] buffer = new byte[10];
        Task<int> blocked = Task.Factory.StartNew(
            () => stream.Read(buffer, 0, 10), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

        test.Receive("text");

        Assert.Equal(4, await blocked.WithDeadline());
    }

    [Fact]
    public async Task A_second_read_at_the_same_time_throws_and_does_not_affect_the_first()
    {
        TestConnection test = Open(isServer: true);
        Stream stream = test.Connection.AsStream();
        byte[] buffer = new byte[10];
        Task<int> first = stream.ReadAsync(buffer).AsTask();

        await Assert.ThrowsAsync<InvalidOperationException>(() => stream.ReadAsync(new byte[1]).AsTask());
        test.Receive("text");

        Assert.Equal(4, await first.WithDeadline());
    }

    [Fact]
    public async Task A_read_of_no_bytes_waits_and_takes_nothing()
    {
        TestConnection test = Open(isServer: true);
        Stream stream = test.Connection.AsStream();
        Task<int> waiting = stream.ReadAsync(Memory<byte>.Empty).AsTask();
        Assert.False(waiting.IsCompleted);
        test.Receive("text");

        Assert.Equal(0, await waiting.WithDeadline());
        Assert.Equal(4, await stream.ReadAsync(new byte[10]));
    }

    [Fact]
    public async Task Lines_are_read_and_written_through_the_usual_classes()
    {
        TestConnection test = Open(isServer: true);
        Stream stream = test.Connection.AsStream(WebSocketMessageKind.Text, leaveOpen: true);
        using var reader = new StreamReader(stream, leaveOpen: true);
        await using var writer = new StreamWriter(stream, leaveOpen: true) { AutoFlush = true };
        test.Receive("first\nsec");
        test.Receive("ond\n");

        Assert.Equal("first", await reader.ReadLineAsync().WithDeadline());
        Assert.Equal("second", await reader.ReadLineAsync().WithDeadline());
        await writer.WriteAsync("reply\n");

        Assert.Equal("Text", Assert.Single(test.Frames()).Opcode.ToString());
    }

    [Theory]
    [InlineData(WebSocketSlowConsumerPolicy.DropNewest)]
    [InlineData(WebSocketSlowConsumerPolicy.DropOldest)]
    [InlineData(WebSocketSlowConsumerPolicy.LatestPerKey)]
    [InlineData(WebSocketSlowConsumerPolicy.Close)]
    public async Task A_stream_loses_no_bytes_under_any_policy_for_slow_consumers(WebSocketSlowConsumerPolicy policy)
    {
        var test = new TestConnection(options: new WebSocketConnectionOptions
        {
            SlowConsumer = new() { Policy = policy },
            Limits = new() { MaxSendBufferLength = 1_000 },
        });
        test.Transport.Capacity = 0;
        Stream stream = test.Connection.AsStream(leaveOpen: true);
        await stream.WriteAsync(new byte[600]).WithDeadline();
        stream.Write(new byte[600]);

        Task waits = stream.WriteAsync(new byte[600]).AsTask();
        Task blocks = Task.Factory.StartNew(
            () => stream.Write(new byte[600]), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await Deadlines.StaysIncompleteAsync(Task.WhenAny(waits, blocks));

        test.Transport.Drain();
        await waits.WithDeadline();
        await blocks.WithDeadline();
        test.Transport.Drain();
        Assert.Equal("Binary 600 bytes, Binary 600 bytes, Binary 600 bytes, Binary 600 bytes", test.Wire());
        Assert.Equal(0, test.Connection.DropCounts.Total);
    }

    [Fact]
    public void A_handlers_connection_is_no_stream()
    {
        var test = new TestConnection(handler: new RecordingHandler());

        Assert.Throws<InvalidOperationException>(() => test.Connection.AsStream());
        Assert.Throws<InvalidOperationException>(() => test.Connection.AsDuplexPipe());
    }

    private static TestConnection Open(bool isServer, bool deliverFragments = false) =>
        new(
            isServer ? Role.Server : Role.Client,
            options: new WebSocketConnectionOptions { DeliverFragments = deliverFragments });
}
