using System.Net.Sockets;
using System.Text;
using Sockeye.Client;
using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary>A loop's transport as a stream, for the duration of an opening handshake.</summary>
public sealed class TransportStreamTests : IAsyncLifetime
{
    private const string Head = "HTTP/1.1 101 Switching Protocols\r\n\r\n";

    private readonly CountingPool _pool = new();
    private readonly RecordingSink _next = new();
    private EventLoop? _loop;
    private Socket? _peer;
    private TransportStream? _stream;

    private EventLoop Loop => _loop!;

    private Socket Peer => _peer!;

    private TransportStream Stream => _stream!;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(EventLoop.IsSupported, LoopSockets.NotSupported);
        _loop = EventLoop.Start("test", Timeout.InfiniteTimeSpan, TimeProvider.System);
        (Socket own, _peer) = await TransportPair.ConnectSocketsAsync();
        _stream = new TransportStream(own.ToTransport(Loop), _pool, new HeadBoundary());
    }

    public async ValueTask DisposeAsync()
    {
        if (_loop is not null)
        {
            await Stream.DisposeAsync();
            Peer.Dispose();
            await Loop.StopAsync();
            Assert.Equal(0, _pool.OutCount);
            Assert.False(_pool.HasFault, "a buffer came back twice");
        }
    }

    [Fact]
    public async Task Reads_stop_at_the_end_of_a_head_and_the_rest_stays_with_the_transport()
    {
        Send("HTTP/1.1 103 Early Hints\n\n" + Head + "frames");

        Assert.Equal("HTTP/1.1 103 Early Hints\n\n", await ReadAsync());
        Assert.Equal("HTTP/1.1 101 Sw", await ReadAsync(length: 15));
        Assert.Equal("itching Protocols\r\n\r\n", await ReadAsync());
        EventLoopTransport? transport = Detach(out string unread);

        Assert.Equal("frames", unread);
        Send("more");
        await Loop.TurnAsync();
        Assert.Equal(0, _next.ReceivedLength);
        transport!.ResumeReading();
        await _next.WhenReceived(4).WithDeadline();
        Assert.Equal("more"u8.ToArray(), _next.ReceivedBytes);
        await CloseAsync(transport);
    }

    [Fact]
    public async Task Bytes_are_read_one_by_one_and_no_further_than_requested()
    {
        string read = "";
        foreach (char next in Head)
        {
            Task<string> reading = ReadAsync();
            Send($"{next}");
            read += await reading;
        }

        Assert.Equal(Head, read);
        Send("frames");
        await Loop.TurnAsync();
        EventLoopTransport? transport = Detach(out string unread);
        Assert.Equal("", unread);
        transport!.ResumeReading();
        await _next.WhenReceived(6).WithDeadline();
        await CloseAsync(transport);
    }

    // A read asks the loop for more. The loop may be busy, and the answer already be there when it comes to that.
    [Fact]
    public async Task A_detached_transport_delivers_nothing_until_it_is_resumed()
    {
        using var first = new Hold();
        using var second = new Hold();
        Loop.Post(first.Source);
        first.WaitUntilHeld();
        Loop.Post(second.Source);
        Task<string> reading = ReadAsync();
        Send(Head + "frames");

        // The next turn begins with the answer; what was asked for before it came is looked at when the second hold ends.
        first.LetGo();
        Assert.Equal(Head, await reading);
        second.WaitUntilHeld();
        EventLoopTransport? transport = Detach(out string unread);
        Send("more");
        second.LetGo();
        await Loop.TurnAsync();

        Assert.Equal("frames", unread);
        Assert.Equal(0, _next.ResumedCalls);
        Assert.Equal(0, _next.ReceivedCalls);
        transport!.ResumeReading();
        await _next.WhenReceived(4).WithDeadline();
        await CloseAsync(transport);
    }

    [Fact]
    public async Task A_canceled_read_takes_no_bytes_from_the_next()
    {
        using var cancellation = new CancellationTokenSource();
        Task<int> reading = Stream.ReadAsync(new byte[10], cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.WithDeadline());

        Send("late");

        Assert.Equal("late", await ReadAsync());
    }

    [Fact]
    public async Task A_zero_byte_read_waits_for_data_and_consumes_none()
    {
        Task<int> reading = Stream.ReadAsync(Memory<byte>.Empty).AsTask();
        Assert.False(reading.IsCompleted);
        Send("some");

        Assert.Equal(0, await reading.WithDeadline());
        Assert.Equal("some", await ReadAsync());
    }

    [Fact]
    public async Task The_end_of_the_input_is_read_after_all_bytes()
    {
        Send("last words");
        Peer.Shutdown(SocketShutdown.Send);

        Assert.Equal("last words", await ReadAsync());
        Assert.Equal("", await ReadAsync());
        Assert.Null(Detach(out string unread));
        Assert.Equal("", unread);
        await Stream.WriteAsync("still heard"u8.ToArray()).WithDeadline();
        byte[] heard = new byte[11];
        Assert.Equal(11, await Peer.ReceiveAsync(heard).WithDeadline());
    }

    [Fact]
    public async Task A_reset_fails_the_pending_read_and_the_next_write()
    {
        Task<string> reading = ReadAsync();
        await Loop.TurnAsync();

        Peer.LingerState = new LingerOption(enable: true, seconds: 0);
        Peer.Dispose();

        IOException thrown = await Assert.ThrowsAsync<IOException>(() => reading);
        Assert.Equal(
            SocketError.ConnectionReset, Assert.IsType<SocketException>(thrown.InnerException).SocketErrorCode);
        await Assert.ThrowsAsync<IOException>(() => Stream.WriteAsync(new byte[1]).WithDeadline());
        Assert.Null(Detach(out _));
    }

    [Fact]
    public async Task Disposing_ends_a_pending_read_and_a_blocked_write()
    {
        Task<string> reading = ReadAsync();
        Task writing = Stream.WriteAsync(new byte[32 * 1024 * 1024]).AsTask();
        Assert.False(writing.IsCompleted);

        await Stream.DisposeAsync();

        await Assert.ThrowsAsync<IOException>(() => reading);
        await Assert.ThrowsAsync<IOException>(() => writing.WithDeadline());
    }

    private void Send(string text) => Peer.Send(Encoding.Latin1.GetBytes(text));

    private async Task<string> ReadAsync(int length = 1000)
    {
        byte[] buffer = new byte[length];
        int read = await Stream.ReadAsync(buffer).WithDeadline();
        return Encoding.Latin1.GetString(buffer, 0, read);
    }

    // As a connection does that takes the transport over.
    private EventLoopTransport? Detach(out string unread)
    {
        EventLoopTransport? transport = Stream.Detach(out ArraySegment<byte> bytes);
        unread = Encoding.Latin1.GetString(bytes.AsSpan());
        if (bytes.Array is not null)
        {
            _pool.Return(bytes.Array);
        }

        transport?.Sink = _next;
        return transport;
    }

    private async Task CloseAsync(EventLoopTransport transport)
    {
        transport.Close();
        await _next.WhenClosed().WithDeadline();
        Assert.Empty(_next.Violations);
    }

    /// <summary>Holds a loop for as long as a test wants.</summary>
    private sealed class Hold : IDisposable
    {
        private readonly ManualResetEventSlim _isHeld = new();
        private readonly ManualResetEventSlim _isOver = new();

        public Hold() => Source = new LoopSource
        {
            Posted = () =>
            {
                _isHeld.Set();
                Assert.True(_isOver.Wait(Deadlines.Deadline), "the loop was not released");
            },
        };

        public LoopSource Source { get; }

        public void WaitUntilHeld() => Assert.True(_isHeld.Wait(Deadlines.Deadline), "the loop does not come to it");

        public void LetGo() => _isOver.Set();

        public void Dispose()
        {
            LetGo();
            _isHeld.Dispose();
            _isOver.Dispose();
        }
    }
}
