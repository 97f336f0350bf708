using System.Net.Sockets;
using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary>
/// System calls that are interrupted by a signal (EINTR) are made again. The sockets of loops never block, and so are
/// never interrupted; these here do, with a timeout: then the kernel does not restart a call by itself (signal(7)).
/// </summary>
public sealed class InterruptedCallTests : IAsyncLifetime
{
    private const int Times = 3;

    private static readonly SystemCalls Calls = SystemCalls.Default;

    private Socket? _peer;
    private Descriptor? _descriptor;

    private Socket Peer => _peer!;

    private int Number => _descriptor!.Number;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(EventLoop.IsSupported, LoopSockets.NotSupported);
        (Socket own, _peer) = await TransportPair.ConnectUnixSocketsAsync();
        _descriptor = LoopSockets.TakeOver(own);
    }

    public ValueTask DisposeAsync()
    {
        _descriptor?.Dispose();
        _peer?.Dispose();
        return default;
    }

    [Fact]
    public async Task An_interrupted_receive_is_retried()
    {
        Descriptors.Block(Number);
        byte[] received = new byte[10];
        using var call = new InterruptedCall(() => Calls.Receive(Number, received));
        await call.InterruptAsync(Times);

        Peer.Send([1, 2, 3]);

        Assert.Equal(3, await call.Result);
        Assert.Equal([1, 2, 3], received[..3]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_interrupted_send_is_retried(bool isOfTwo)
    {
        // Full, so that the call blocks before it has sent anything.
        byte[] bytes = new byte[64 * 1024];
        int result;
        do
        {
            result = Calls.Send(Number, bytes);
        }
        while (result > 0);
        Assert.Equal(-Errno.WouldBlock, result);
        Descriptors.Block(Number);
        using var call = new InterruptedCall(
            () => isOfTwo ? Calls.Send(Number, bytes.AsSpan(0, 1), bytes.AsSpan(1)) : Calls.Send(Number, bytes));
        await call.InterruptAsync(Times);

        Task draining = Task.Run(() =>
        {
            byte[] drained = new byte[bytes.Length];
            while (Peer.Receive(drained) != 0)
            {
                // All there is, until the end.
            }
        });

        Assert.Equal(bytes.Length, await call.Result);
        _descriptor!.Dispose();
        await draining.WithDeadline();
    }

    [Fact]
    public async Task An_interrupted_accept_is_retried()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(Servers.Loopback);
        listener.Listen();
        int number = (int)listener.SafeHandle.DangerousGetHandle();
        Descriptors.Block(number);
        using var call = new InterruptedCall(() => Calls.Accept(number, out _));
        await call.InterruptAsync(Times);

        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(listener.LocalEndPoint!);

        int accepted = await call.Result;
        Assert.True(accepted >= 0, $"The call answered {accepted}.");
        Assert.Equal(0, LibC.Close(accepted));
    }

    [Fact]
    public async Task An_interrupted_wait_returns_no_events()
    {
        using var epoll = new Descriptor(LibC.EpollCreate(0));
        using var call = new InterruptedCall(() => Calls.WaitEpoll(epoll.Number, new byte[100], Timeout.Infinite));

        await call.InterruptAsync(times: 1);

        Assert.Equal(0, await call.Result);
    }

    [Fact]
    public async Task A_loop_waits_again_after_an_interrupted_wait()
    {
        EventLoop loop = EventLoop.Start("test", Timeout.InfiniteTimeSpan, TimeProvider.System);
        int turns = 0;
        var source = new LoopSource { Posted = () => turns++ };

        // The loop's thread is unknown before it runs something.
        var entered = new TaskCompletionSource<InterruptedCall>();
        loop.Post(new LoopSource { Posted = () => entered.SetResult(InterruptedCall.OfThisThread()) });
        using (InterruptedCall call = await entered.Task.WithDeadline())
        {
            await call.InterruptAsync(Times);
            loop.Post(source);
            await loop.TurnAsync();
        }

        Assert.Equal(1, turns);
        await loop.StopAsync();
    }
}
