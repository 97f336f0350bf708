using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>A whole connection as a duplex pipe.</summary>
public sealed class DuplexPipeTests
{
    private readonly TestConnection _test = new();
    private readonly IDuplexPipe _pipe;

    public DuplexPipeTests() => _pipe = _test.Connection.AsDuplexPipe();

    [Fact]
    public async Task A_payload_is_shown_where_it_was_received()
    {
        _test.Receive("shown");
        int rentCount = _test.Pool.RentCount;

        ReadResult result = await ReadAsync();

        Assert.True(result.Buffer.IsSingleSegment);
        Assert.Equal("shown", Text(result.Buffer));
        Assert.Equal(rentCount, _test.Pool.RentCount);
        _pipe.Input.AdvanceTo(result.Buffer.End);
        Assert.False(_pipe.Input.TryRead(out _));
    }

    [Fact]
    public async Task What_was_examined_and_not_consumed_comes_again_before_the_next_payload()
    {
        _test.Receive("abc");
        _test.Receive("def");
        ReadResult first = await ReadAsync();
        _pipe.Input.AdvanceTo(first.Buffer.GetPosition(1), first.Buffer.End);

        ReadResult second = await ReadAsync();

        Assert.Equal("bcdef", Text(second.Buffer));
        _pipe.Input.AdvanceTo(second.Buffer.GetPosition(3));
        Assert.True(_pipe.Input.TryRead(out ReadResult rest));
        Assert.Equal("ef", Text(rest.Buffer));
        _pipe.Input.AdvanceTo(rest.Buffer.End);
    }

    [Fact]
    public async Task Many_payloads_are_gathered_until_they_are_consumed()
    {
        string all = "";
        for (int i = 0; i < 500; i++)
        {
            _test.Receive($"part {i};");
            all += $"part {i};";
            ReadResult result = await ReadAsync();
            Assert.Equal(all, Text(result.Buffer));
            _pipe.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }

        await _pipe.Input.CompleteAsync();

        // Only the last payload, which is left to the garbage collector: the application may still read it.
        Assert.Equal(1, _test.Pool.OutCount);
        Assert.False(_test.Pool.HasFault);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Bytes_come_in_order_however_they_are_consumed_and_examined(int seed)
    {
        var random = new Random(seed);
        byte[] content = new byte[20_000];
        random.NextBytes(content);
        int fed = 0;
        int consumed = 0;
        int examined = 0;
        while (consumed < content.Length)
        {
            // A read would wait if everything that was fed has been examined.
            int toFeed = examined == fed ? random.Next(1, 3) : random.Next(0, 2);
            for (; toFeed > 0 && fed < content.Length; toFeed--)
            {
                int length = Math.Min(random.Next(1, 400), content.Length - fed);
                _test.Receive(Opcode.Binary, content.AsSpan(fed, length));
                fed += length;
            }

            ReadResult result = await ReadAsync();
            Assert.Equal(content.AsSpan(consumed, (int)result.Buffer.Length).ToArray(), result.Buffer.ToArray());
            int take = random.Next(0, (int)result.Buffer.Length + 1);
            int look = fed == content.Length ? take : random.Next(take, (int)result.Buffer.Length + 1);
            _pipe.Input.AdvanceTo(result.Buffer.GetPosition(take), result.Buffer.GetPosition(look));
            examined = look == result.Buffer.Length ? consumed + look : -1;
            consumed += take;
        }

        Assert.False(_test.Pool.HasFault);
    }

    [Fact]
    public async Task A_pending_read_gets_the_next_payload()
    {
        Task<ReadResult> pending = ReadAsync();
        Assert.False(pending.IsCompleted);

        _test.Receive("late");

        Assert.Equal("late", Text((await pending).Buffer));
    }

    [Fact]
    public async Task Reads_are_completed_after_a_clean_close_with_what_is_left()
    {
        _test.Receive("rest");
        _test.ReceiveClose();
        ReadResult result = await ReadAsync();
        _pipe.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        Task<ReadResult> pending = ReadAsync();
        _test.Transport.EndInput();

        ReadResult last = await pending;

        Assert.True(last.IsCompleted);
        Assert.Equal("rest", Text(last.Buffer));
        _pipe.Input.AdvanceTo(last.Buffer.End);
        Assert.True((await ReadAsync()).IsCompleted);
    }

    [Fact]
    public async Task A_lost_connection_throws_an_IOException()
    {
        _test.Transport.EndInput();

        IOException thrown = await Assert.ThrowsAsync<IOException>(ReadAsync);

        Assert.IsType<WebSocketClosedException>(thrown.InnerException);
    }

    [Fact]
    public async Task Canceling_a_pending_read_returns_and_loses_nothing()
    {
        Task<ReadResult> pending = ReadAsync();

        _pipe.Input.CancelPendingRead();

        ReadResult canceled = await pending;
        Assert.True(canceled.IsCanceled && canceled.Buffer.IsEmpty && !canceled.IsCompleted);
        _pipe.Input.AdvanceTo(canceled.Buffer.End);
        _test.Receive("kept");
        ReadResult kept = await ReadAsync();
        Assert.Equal("kept", Text(kept.Buffer));
        Assert.False(kept.IsCanceled);
        _pipe.Input.AdvanceTo(kept.Buffer.Start);
        _pipe.Input.CancelPendingRead();
        Assert.True((await ReadAsync()).IsCanceled);
    }

    [Fact]
    public async Task A_canceled_token_ends_a_read()
    {
        using var cancellation = new CancellationTokenSource();
        Task<ReadResult> pending = _pipe.Input.ReadAsync(cancellation.Token).AsTask();

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pending.WithDeadline());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _pipe.Input.ReadAsync(cancellation.Token).AsTask());
        _test.Receive("kept");
        Assert.Equal("kept", Text((await ReadAsync()).Buffer));
    }

    [Fact]
    public async Task A_read_before_AdvanceTo_or_after_the_end_is_misuse()
    {
        _test.Receive("one");
        ReadResult result = await ReadAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(ReadAsync);
        Assert.Throws<ArgumentOutOfRangeException>(
            () => _pipe.Input.AdvanceTo(result.Buffer.End, result.Buffer.Start));
        _pipe.Input.AdvanceTo(result.Buffer.End);
        Assert.Throws<InvalidOperationException>(() => _pipe.Input.AdvanceTo(result.Buffer.End));

        await _pipe.Input.CompleteAsync();

        await Assert.ThrowsAsync<InvalidOperationException>(ReadAsync);
    }

    [Fact]
    public async Task The_input_is_copied_with_what_was_kept()
    {
        _test.Receive("abc");
        _test.Receive("def");
        ReadResult result = await ReadAsync();
        _pipe.Input.AdvanceTo(result.Buffer.GetPosition(1), result.Buffer.End);
        ReadResult both = await ReadAsync();
        _pipe.Input.AdvanceTo(both.Buffer.Start, both.Buffer.End);
        var copy = new MemoryStream();
        Task copying = _pipe.Input.CopyToAsync(copy);
        _test.ReceiveClose();
        _test.Transport.EndInput();

        await copying.WithDeadline();

        Assert.Equal("bcdef", Encoding.UTF8.GetString(copy.ToArray()));
    }

    [Fact]
    public async Task Each_flush_sends_one_message()
    {
        "one"u8.CopyTo(_pipe.Output.GetSpan(3));
        _pipe.Output.Advance(3);
        Assert.Equal(3, _pipe.Output.UnflushedBytes);
        Assert.Empty(_test.Frames());
        _pipe.Output.Write("+more"u8);

        FlushResult result = await _pipe.Output.FlushAsync();
        await _pipe.Output.FlushAsync();
        await _pipe.Output.WriteAsync("two"u8.ToArray());
        _pipe.Output.Write("th"u8);
        await _pipe.Output.WriteAsync("ree"u8.ToArray());

        Assert.False(result.IsCompleted || result.IsCanceled);
        Assert.Equal(["one+more", "two", "three"], _test.Frames().Select(frame => Encoding.UTF8.GetString(frame.Payload)));
        Assert.Equal(0, _test.Pool.OutCount);
    }

    [Fact]
    public async Task A_long_message_grows_its_array()
    {
        byte[] content = new byte[300_000];
        new Random(1).NextBytes(content);
        foreach (byte[] part in content.Chunk(777))
        {
            _pipe.Output.Write(part);
        }

        await _pipe.Output.FlushAsync();

        Assert.Equal(content, Assert.Single(_test.Frames()).Payload);
        Assert.Equal(0, _test.Pool.OutCount);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_canceled_flush_keeps_what_was_written(bool byToken)
    {
        using var cancellation = new CancellationTokenSource();
        _test.Transport.Capacity = 0;
        while (_test.Connection.TrySend(new byte[100_000]) != WebSocketSendResult.Refused)
        {
        }

        Task<FlushResult> flush = _pipe.Output.WriteAsync("kept"u8.ToArray(), byToken ? cancellation.Token : default).AsTask();
        Assert.False(flush.IsCompleted);
        if (byToken)
        {
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => flush);
        }
        else
        {
            _pipe.Output.CancelPendingFlush();
            Assert.True((await flush.WithDeadline()).IsCanceled);
        }

        _test.Transport.Capacity = int.MaxValue;
        _test.Transport.Drain();
        _test.Frames();
        await _pipe.Output.FlushAsync().AsTask().WithDeadline();

        Assert.Equal(byToken ? [] : ["kept"], _test.Frames().Select(frame => Encoding.UTF8.GetString(frame.Payload)));
    }

    [Fact]
    public async Task A_flush_on_a_closed_connection_is_completed()
    {
        _test.Connection.Abort();

        Assert.True((await _pipe.Output.WriteAsync(new byte[1])).IsCompleted);
        Assert.True((await _pipe.Output.FlushAsync()).IsCompleted);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Completing_the_output_sends_the_rest_and_closes(bool asynchronously)
    {
        _pipe.Output.Write("rest"u8);

        if (asynchronously)
        {
            await _pipe.Output.CompleteAsync();
        }

        _pipe.Output.Complete();

        Assert.Equal(["72657374", "03E8"], _test.Frames().Select(frame => Convert.ToHexString(frame.Payload)));
        Assert.Throws<InvalidOperationException>(() => _pipe.Output.GetMemory());
        Assert.Equal(0, _test.Pool.OutCount);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Completing_an_end_with_an_exception_closes_with_1011(bool isInput)
    {
        _pipe.Output.Write("dropped"u8);

        if (isInput)
        {
            await _pipe.Input.CompleteAsync(new InvalidOperationException());
        }
        else
        {
            await _pipe.Output.CompleteAsync(new InvalidOperationException());
        }

        Assert.Equal("03F3", Convert.ToHexString(Assert.Single(_test.Frames()).Payload));
    }

    [Fact]
    public async Task Completing_the_input_lets_the_close_of_the_peer_through()
    {
        _test.Receive("unread");
        await _pipe.Input.CompleteAsync();
        await _pipe.Input.CompleteAsync();
        _test.Receive("dropped");
        _test.ReceiveClose();
        _test.Transport.EndInput();

        Assert.True(_test.Result.WasClean);
        Assert.Equal(0, _test.Pool.OutCount);
    }

    [Theory]
    [InlineData(WebSocketSlowConsumerPolicy.DropNewest)]
    [InlineData(WebSocketSlowConsumerPolicy.DropOldest)]
    [InlineData(WebSocketSlowConsumerPolicy.LatestPerKey)]
    [InlineData(WebSocketSlowConsumerPolicy.Close)]
    public async Task A_pipe_loses_no_bytes_under_any_policy_for_slow_consumers(WebSocketSlowConsumerPolicy policy)
    {
        var test = new TestConnection(options: new WebSocketConnectionOptions
        {
            SlowConsumer = new() { Policy = policy },
            Limits = new() { MaxSendBufferLength = 1_000 },
        });
        test.Transport.Capacity = 0;
        PipeWriter output = test.Connection.AsDuplexPipe().Output;
        await output.WriteAsync(new byte[1_000]).AsTask().WithDeadline();

        Task<FlushResult> waits = output.WriteAsync(new byte[1_000]).AsTask();
        Assert.False(waits.IsCompleted);
        test.Transport.Drain();
        await waits.WithDeadline();
        test.Transport.Capacity = 0;
        await output.WriteAsync(new byte[1_000]).AsTask().WithDeadline();
        output.Write(new byte[1_000]);
        output.Complete();
        test.Transport.Drain();

        Assert.Equal("Binary 1000 bytes, Binary 1000 bytes, Binary 1000 bytes, Binary 1000 bytes, Close 1000", test.Wire());
        Assert.Equal(0, test.Connection.DropCounts.Total);
    }

    [Fact]
    public async Task A_token_that_is_canceled_after_a_read_does_not_cancel_the_next()
    {
        // The token may be canceled before, while, or after the read unregisters it: each occurs.
        for (int i = 0; i < 1_000; i++)
        {
            using var cancellation = new CancellationTokenSource();
            Task<ReadResult> reading = _pipe.Input.ReadAsync(cancellation.Token).AsTask();
            _test.Receive("x");
            await cancellation.CancelAsync();
            ReadResult result = await reading.WithDeadline();
            Assert.False(result.IsCanceled);
            _pipe.Input.AdvanceTo(result.Buffer.End);

            Task<ReadResult> next = ReadAsync();
            _test.Receive("y");
            result = await next;
            Assert.False(result.IsCanceled, $"The token of read {i} has canceled the next.");
            _pipe.Input.AdvanceTo(result.Buffer.End);
        }
    }

    [Fact]
    public async Task A_token_that_is_canceled_after_a_flush_does_not_cancel_the_next()
    {
        var test = new TestConnection(options: new WebSocketConnectionOptions { Limits = new() { MaxSendBufferLength = 1 } });
        PipeWriter output = test.Connection.AsDuplexPipe().Output;
        for (int i = 0; i < 1_000; i++)
        {
            test.Transport.Capacity = 0;
            await output.WriteAsync(new byte[1]);
            using var cancellation = new CancellationTokenSource();
            Task<FlushResult> flushing = output.WriteAsync(new byte[1], cancellation.Token).AsTask();
            test.Transport.Drain();
            await cancellation.CancelAsync();
            Assert.False((await flushing.WithDeadline()).IsCanceled);

            FlushResult next = await output.WriteAsync(new byte[1]).AsTask().WithDeadline();
            Assert.False(next.IsCanceled, $"The token of flush {i} has canceled the next.");
        }
    }

    [Fact]
    public async Task A_canceled_token_and_CancelPendingRead_are_told_apart()
    {
        using var cancellation = new CancellationTokenSource();
        Task<ReadResult> canceled = _pipe.Input.ReadAsync(cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => canceled).WithDeadline();

        using var other = new CancellationTokenSource();
        Task<ReadResult> pending = _pipe.Input.ReadAsync(other.Token).AsTask();
        _pipe.Input.CancelPendingRead();
        ReadResult result = await pending.WithDeadline();
        Assert.True(result.IsCanceled);
        _pipe.Input.AdvanceTo(result.Buffer.End);

        _test.Receive("next");
        result = await ReadAsync();
        Assert.Equal("next", Text(result.Buffer));
        Assert.False(result.IsCanceled);
        _pipe.Input.AdvanceTo(result.Buffer.End);
    }

    private Task<ReadResult> ReadAsync() => _pipe.Input.ReadAsync().AsTask().WithDeadline();

    private static string Text(in ReadOnlySequence<byte> bytes) => Encoding.UTF8.GetString(bytes);
}
