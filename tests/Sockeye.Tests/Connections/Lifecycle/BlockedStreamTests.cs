using Microsoft.Extensions.Logging.Abstractions;
using Sockeye.Connections;
using Sockeye.Protocol;
using Sockeye.Timing;
using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>A stream of the application that blocks the thread which writes, until it is disposed of.</summary>
public sealed class BlockedStreamTests
{
    [Fact]
    public async Task An_abort_ends_a_connection_whose_close_frame_blocks_in_its_stream()
    {
        await using var stream = new BlockingStream();
        var pool = new CountingPool();
        var transport = new StreamTransport(stream, pool);
        var settings = new ConnectionSettings(
            Role.Server, new WebSocketConnectionOptions(), DeadlineWheel.For(TimeProvider.System), NullLogger.Instance, pool);
        var connection = new WebSocketConnection(transport, settings, handler: null);
        connection.Core.Start();
        transport.Start();
        var closing = new Thread(() => _ = connection.CloseAsync().AsTask());
        closing.Start();
        await stream.Writing.WithDeadline();

        connection.Abort();

        Assert.False((await connection.Closed.WithDeadline()).WasClean);
        Assert.True(closing.Join(Deadlines.Deadline));
    }

    private sealed class BlockingStream : Stream
    {
        private readonly TaskCompletionSource _disposed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _writing = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Writing => _writing.Task;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await _disposed.Task.WaitAsync(cancellationToken);
            return 0;
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _writing.TrySetResult();
            _disposed.Task.Wait(CancellationToken.None);
            return ValueTask.FromException(new IOException("The stream was disposed of."));
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            _disposed.TrySetResult();
            base.Dispose(disposing);
        }
    }
}
