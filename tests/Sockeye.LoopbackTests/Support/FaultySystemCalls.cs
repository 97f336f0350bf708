using System.Collections.Concurrent;
using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary>
/// The calls of the system, one of which fails or takes a single byte: the n-th of its kind since they were armed, for
/// a descriptor that was accepted after that.
/// </summary>
/// <remarks>
/// Only failures that a kernel can return are injected. A loop gets only changes: it would wait forever after "not now" when the
/// kernel is not full, or after a short read.
/// </remarks>
/// <param name="kind">The kind of call.</param>
/// <param name="number">Which of them, from 1.</param>
/// <param name="errno">The error, or <see cref="Short"/>.</param>
internal sealed class FaultySystemCalls(SystemCallKind kind, int number, int errno) : SystemCalls
{
    /// <summary>No error: the call takes one byte.</summary>
    public const int Short = 0;

    private const int ShutdownBoth = 2;

    private readonly ConcurrentDictionary<int, bool> _spared = new();
    private volatile bool _isArmed;
    private int _count;

    /// <summary>Whether the failure has happened.</summary>
    public bool HasFailed => Volatile.Read(ref _count) >= number;

    /// <summary>From now on calls count, except for what has been accepted before.</summary>
    public void Arm() => _isArmed = true;

    /// <summary>Stops injecting failures.</summary>
    public void Disarm() => _isArmed = false;

    public override int Receive(int descriptor, Span<byte> buffer) =>
        Fails(SystemCallKind.Receive, descriptor) ? -errno : base.Receive(descriptor, buffer);

    public override int Send(int descriptor, ReadOnlySpan<byte> bytes)
    {
        if (!Fails(SystemCallKind.Send, descriptor))
        {
            return base.Send(descriptor, bytes);
        }

        return errno == Short ? base.Send(descriptor, bytes[..Math.Min(1, bytes.Length)]) : Lose(descriptor);
    }

    public override int Send(int descriptor, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        if (!Fails(SystemCallKind.SendTwo, descriptor))
        {
            return base.Send(descriptor, first, second);
        }

        return errno == Short ? base.Send(descriptor, first[..Math.Min(1, first.Length)]) : Lose(descriptor);
    }

    public override int Accept(int listener, out SocketAddress peer)
    {
        peer = default;
        if (Fails(SystemCallKind.Accept, listener))
        {
            return -errno;
        }

        int result = base.Accept(listener, out peer);
        if (result >= 0)
        {
            // The number of one that was spared may have been closed, and be given out again.
            if (_isArmed)
            {
                _spared.TryRemove(result, out _);
            }
            else
            {
                _spared[result] = true;
            }
        }

        return result;
    }

    public override int ControlEpoll(int epoll, EpollOperation operation, int descriptor, EpollEvents events, ulong data) =>
        Fails(SystemCallKind.ControlEpoll, descriptor)
            ? -errno
            : base.ControlEpoll(epoll, operation, descriptor, events, data);

    public override int ShutdownOutput(int descriptor) =>
        Fails(SystemCallKind.ShutdownOutput, descriptor) ? Lose(descriptor) : base.ShutdownOutput(descriptor);

    public override int ResetWhenClosed(int descriptor) =>
        Fails(SystemCallKind.ResetWhenClosed, descriptor) ? -errno : base.ResetWhenClosed(descriptor);

    // A connection whose peer cannot be written to any more has nothing more to be read either.
    private int Lose(int descriptor)
    {
        if (errno is Errno.ConnectionReset or Errno.BrokenPipe or Errno.NotConnected)
        {
            Assert.Equal(0, LibC.Shutdown(descriptor, ShutdownBoth));
        }

        return -errno;
    }

    private bool Fails(SystemCallKind called, int descriptor) =>
        _isArmed && called == kind && !_spared.ContainsKey(descriptor) && Interlocked.Increment(ref _count) == number;
}
