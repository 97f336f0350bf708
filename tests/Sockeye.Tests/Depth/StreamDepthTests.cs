using System.Buffers;
using System.Threading.Tasks.Sources;
using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>
/// No number of reads, writes or connections makes a stack deep when a stream completes them in place. The transport's task
/// begins on the thread pool, whose stacks are small in these tests (runtimeconfig.template.json).
/// </summary>
public sealed class StreamDepthTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    [Fact]
    public void Pool_threads_have_a_small_stack()
    {
        int depth = Task.Run(() => Descend(0)).GetAwaiter().GetResult();

        Assert.InRange(depth, 1, SmallStack.Length / 16);
    }

    [Fact]
    public async Task A_stream_that_completes_synchronously_is_read_and_written_a_million_times()
    {
        const int Count = SmallStack.EntryCount / 2; // each is read, and answered
        var stream = new EndlessStream(Count);
        var transport = new StreamTransport(stream, ArrayPool<byte>.Shared);
        var sink = new AnsweringSink(transport);
        transport.Sink = sink;

        transport.Start();
        await sink.Ended.WaitAsync(Deadline, TestContext.Current.CancellationToken);
        transport.Abort(error: null);

        Assert.Equal(Count, sink.ReadCount);
        Assert.Equal(Count, stream.WriteCount);
    }

    [Fact]
    public async Task A_message_forwarded_between_connections_does_not_nest_their_reads()
    {
        // Not a million, since each is a connection; one level of them takes more than a hundred bytes of stack.
        const int Connections = 20_000;
        InlineStream[] streams = [.. Enumerable.Range(0, Connections).Select(_ => new InlineStream())];
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        for (int i = 0; i < Connections; i++)
        {
            var transport = new StreamTransport(streams[i], ArrayPool<byte>.Shared);
            InlineStream? next = i + 1 < Connections ? streams[i + 1] : null;
            transport.Sink = new PassingSink(next is null ? arrived.SetResult : next.Deliver);
            transport.Start();
        }

        await Task.WhenAll(streams.Select(stream => stream.IsRead))
            .WaitAsync(Deadline, TestContext.Current.CancellationToken);
        streams[0].Deliver();

        await arrived.Task.WaitAsync(Deadline, TestContext.Current.CancellationToken);
    }

    private static int Descend(int depth) =>
        System.Runtime.CompilerServices.RuntimeHelpers.TryEnsureSufficientExecutionStack() ? Descend(depth + 1) : depth;

    private sealed class AnsweringSink(StreamTransport transport) : ITransportSink
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int ReadCount { get; private set; }

        public Task Ended => _ended.Task;

        public ReadVerdict OnReceived(Span<byte> bytes)
        {
            ReadCount++;
            Assert.True(transport.Write(new byte[1]));
            return ReadVerdict.Continue;
        }

        public ReadVerdict OnReadingResumed() => ReadVerdict.Continue;

        public void OnWritten() => _ended.TrySetException(new InvalidOperationException("Nothing waits."));

        public void OnInputEnded() => _ended.TrySetResult();

        public void OnClosed(Exception? error) => _ended.TrySetResult();
    }

    private sealed class PassingSink(Action pass) : ITransportSink
    {
        public ReadVerdict OnReceived(Span<byte> bytes)
        {
            pass();
            return ReadVerdict.Continue;
        }

        public ReadVerdict OnReadingResumed() => ReadVerdict.Continue;

        public void OnWritten()
        {
        }

        public void OnInputEnded()
        {
        }

        public void OnClosed(Exception? error)
        {
        }
    }

    // A byte at each read, until there are no more.
    private sealed class EndlessStream(int count) : OneWayStream
    {
        private int _left = count;

        public int WriteCount { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            new(buffer.IsEmpty || _left-- <= 0 ? 0 : 1);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            WriteCount++;
            return default;
        }
    }

    // Completes a pending read synchronously when data is available.
    private sealed class InlineStream : OneWayStream, IValueTaskSource<int>
    {
        private readonly TaskCompletionSource _isRead = new();
        private ManualResetValueTaskSourceCore<int> _reading;

        public Task IsRead => _isRead.Task;

        public void Deliver() => _reading.SetResult(1);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (buffer.IsEmpty)
            {
                return default;
            }

            _reading.Reset();
            return new ValueTask<int>(this, _reading.Version);
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => default;

        public int GetResult(short token) => _reading.GetResult(token);

        public ValueTaskSourceStatus GetStatus(short token) => _reading.GetStatus(token);

        public void OnCompleted(
            Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        {
            _reading.OnCompleted(continuation, state, token, flags);
            _isRead.TrySetResult();
        }
    }

    private abstract class OneWayStream : AsyncStream
    {
        public sealed override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
