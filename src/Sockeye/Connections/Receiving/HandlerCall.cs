using System.Buffers;
using System.Runtime.CompilerServices;

namespace Sockeye.Connections.Receiving;

/// <summary>
/// What passes between the call of a handler and the handler's default methods, which hand the payload over to the
/// asynchronous ones; and what has to be kept until an asynchronous call completes.
/// </summary>
/// <remarks>A connection has one during such a call only. Most calls are over at once, and leave it to the next.</remarks>
internal sealed class HandlerCall
{
    [ThreadStatic]
    private static HandlerCall? Spare;

    private byte[]? _lender;
    private InboxEntry _entry;

    /// <summary>Whether a payload has been handed over.</summary>
    public bool IsHandedOver => !_entry.IsEnd;

    /// <summary>Whether the lender's array belongs to this call.</summary>
    public bool HasTakenLender { get; private set; }

    /// <summary>The asynchronous call, if it was not over at once.</summary>
    public Task? Pending { get; set; }

    /// <summary>Takes what the thread has to spare, or makes one.</summary>
    /// <param name="lender">The pool's array that the handler's payload lies at the beginning of, if it can be had.</param>
    public static HandlerCall Begin(byte[]? lender)
    {
        HandlerCall call = Spare ?? new HandlerCall();
        Spare = null;
        call._lender = lender;
        return call;
    }

    /// <summary>Makes the payload this call's own: what was delivered, or its beginning, without a copy if its array can
    /// be had.</summary>
    /// <returns>The payload in memory that stays until <see cref="End"/>.</returns>
    public Memory<byte> Own(ReadOnlySpan<byte> payload, WebSocketMessageKind kind, bool endOfMessage, ArrayPool<byte> pool)
    {
        HasTakenLender = _lender is not null && !payload.IsEmpty && Unsafe.AreSame(in payload[0], in _lender[0]);
        _entry = InboxEntry.Of(payload, HasTakenLender ? _lender : null, kind, endOfMessage, pool);
        return _entry.Payload;
    }

    /// <summary>Returns the memory, and is the thread's for the next call.</summary>
    public void End(ArrayPool<byte> pool)
    {
        _entry.Release(pool);
        _entry = default;
        _lender = null;
        HasTakenLender = false;
        Pending = null;
        Spare = this;
    }
}
