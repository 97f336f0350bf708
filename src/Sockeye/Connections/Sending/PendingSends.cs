using System.Buffers;
using Sockeye.Protocol;

namespace Sockeye.Connections.Sending;

/// <summary>
/// Whose turn it is to send: the sends that wait, in the order of their calls, for room in the send buffer or for a
/// fragmented message of another sender to end.
/// </summary>
/// <remarks>All under the lock of the <see cref="SendQueue"/>.</remarks>
internal struct PendingSends
{
    // Made when the first send has to wait; most connections never have one.
    private LinkedList<PendingSend>? _waiting;

    // The next fragment of the message that is open goes before all that wait for the message to end.
    private PendingSend? _fragment;

    // Whoever has begun a fragmented message and not ended it (§5.4: no other message may be put into it); or who is going
    // to send next, and not anybody else before.
    private object? _openWriter;

    /// <summary>How many bytes of what waits count as buffered already.</summary>
    public long Buffered { get; private set; }

    /// <summary>Whether nothing waits.</summary>
    public readonly bool IsEmpty => _waiting is not { Count: > 0 } && _fragment is null;

    /// <summary>Whether a fragmented message is open, or about to be.</summary>
    public readonly bool IsMessageOpen => _openWriter is not null;

    /// <summary>Whether a sender has its turn and has sent nothing yet.</summary>
    public bool IsTurnTaken { get; private set; }

    /// <summary>Whether a Close frame that goes behind what waits must wait too. A message that is open has no end in
    /// sight, and is not waited for.</summary>
    public readonly bool HoldsCloseBack => IsTurnTaken || (!IsEmpty && !IsMessageOpen);

    /// <summary>Whether a frame need not wait for others.</summary>
    public readonly bool IsTurnOf(Opcode opcode, object? writer) =>
        opcode >= Opcode.Close
        || (_openWriter is null ? IsEmpty : _openWriter == writer);

    /// <summary>Takes note that a frame goes out: one that does not end its message keeps the turn for its writer.</summary>
    public void NoteTurn(in FrameToSend frame)
    {
        if (frame.Writer is not null)
        {
            EndTurn();
            _openWriter = frame.Kind.Fin ? null : frame.Writer;
        }
    }

    /// <summary>From now on it is the turn of a sender, until its message ends.</summary>
    public void TakeTurn(object writer)
    {
        IsTurnTaken = _openWriter != writer;
        _openWriter = writer;
    }

    /// <summary>Ends a turn in which nothing was sent.</summary>
    public void EndTurn()
    {
        if (IsTurnTaken)
        {
            IsTurnTaken = false;
            _openWriter = null;
        }
    }

    /// <summary>Adds one at the end, or in front if it continues the open message.</summary>
    public void Add(PendingSend send)
    {
        if (ContinuesOpenMessage(send.Frame.Writer))
        {
            _fragment = send;
        }
        else
        {
            send.Place = (_waiting ??= new LinkedList<PendingSend>()).AddLast(send);
            Buffered += send.Buffered;
        }
    }

    /// <summary>Whether a frame goes before what waits: if it continues the open message, for whose end the others wait.</summary>
    public readonly bool ContinuesOpenMessage(object? writer) => writer is not null && writer == _openWriter;

    /// <summary>Takes the one whose turn it is, if there is room for it.</summary>
    public bool TryTake(bool hasRoom, out PendingSend send)
    {
        if (_fragment is not null && hasRoom)
        {
            send = _fragment;
            _fragment = null;
            return true;
        }

        LinkedListNode<PendingSend>? first = _waiting?.First;
        send = first?.Value!;
        bool mayGo = first is not null
            && (hasRoom || send.Buffered != 0)
            && (_openWriter is null || (send.Frame.Kind.Opcode >= Opcode.Close && !IsTurnTaken));
        if (mayGo)
        {
            _waiting!.RemoveFirst();
            send.Place = null;
            Buffered -= send.Buffered;
        }

        return mayGo;
    }

    /// <summary>Takes out one that its sender has given up.</summary>
    /// <returns>Whether it was still waiting.</returns>
    public bool TryRemove(PendingSend send)
    {
        if (_fragment == send)
        {
            _fragment = null;
            return true;
        }

        if (send.Place is null)
        {
            return false;
        }

        _waiting!.Remove(send.Place);
        send.Place = null;
        Buffered -= send.Buffered;
        return true;
    }

    /// <summary>Gives all of them up, and the message that is open.</summary>
    /// <param name="owner">Says what their senders are told.</param>
    /// <param name="pool">Where arrays go back to.</param>
    /// <returns>How many bytes of them counted as buffered.</returns>
    public long FailAll(ISendQueueOwner owner, ArrayPool<byte> pool)
    {
        _openWriter = null;
        IsTurnTaken = false;
        long buffered = Buffered;
        while (TryTakeAny(out PendingSend? send))
        {
            send!.Release(pool);
            send.Completion?.TrySetException(owner.CreateClosedException());
        }

        return buffered;
    }

    private bool TryTakeAny(out PendingSend? send)
    {
        send = _fragment ?? _waiting?.First?.Value;
        return send is not null && TryRemove(send);
    }
}
