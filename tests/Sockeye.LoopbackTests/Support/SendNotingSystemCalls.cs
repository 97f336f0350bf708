using System.Collections.Concurrent;
using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary>System calls that record each send.</summary>
internal sealed class SendNotingSystemCalls : SystemCalls
{
    private readonly ConcurrentQueue<int> _accepted = new();
    private readonly ConcurrentQueue<SendCall> _sends = new();

    /// <summary>Called before each send with its descriptor.</summary>
    public Action<int> Sending { get; set; } = static _ => { };

    /// <summary>The descriptors of what was accepted, in order.</summary>
    public int[] Accepted => [.. _accepted];

    /// <summary>The lengths of what was to be sent on a descriptor, call by call, since <see cref="Forget"/>.</summary>
    public int[] LengthsOn(int descriptor) => [.. SendsOn(descriptor).Select(send => send.Length)];

    /// <summary>Which threads made the calls on a descriptor.</summary>
    public int[] ThreadsOn(int descriptor) => [.. SendsOn(descriptor).Select(send => send.Thread)];

    /// <summary>Clears the recorded sends.</summary>
    public void Forget() => _sends.Clear();

    public override int Accept(int listener, out SocketAddress peer)
    {
        int result = base.Accept(listener, out peer);
        if (result >= 0)
        {
            _accepted.Enqueue(result);
        }

        return result;
    }

    public override int Send(int descriptor, ReadOnlySpan<byte> bytes)
    {
        Note(descriptor, bytes.Length);
        return base.Send(descriptor, bytes);
    }

    public override int Send(int descriptor, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        Note(descriptor, first.Length + second.Length);
        return base.Send(descriptor, first, second);
    }

    private IEnumerable<SendCall> SendsOn(int descriptor) => _sends.Where(send => send.Descriptor == descriptor);

    // Before the call: the peer may have read the bytes when it returns.
    private void Note(int descriptor, int length)
    {
        Sending(descriptor);
        _sends.Enqueue(new SendCall(descriptor, length, Environment.CurrentManagedThreadId));
    }

    private sealed record SendCall(int Descriptor, int Length, int Thread);
}
