using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Sockeye.Memory;

namespace Sockeye.Connections.Receiving;

/// <summary>
/// A call of an asynchronous handler method. Holds the payload in memory that is valid until the method's task completes.
/// </summary>
/// <remarks>
/// A connection has one only during such a call. Most calls complete synchronously; then the thread keeps the object for the next.
/// </remarks>
internal sealed class HandlerCall : IPayloadLender
{
    [ThreadStatic]
    private static HandlerCall? Spare;

    private byte[]? _lender;
    private ConnectionSettings? _settings;
    private Receiver? _receiver;

    private byte[]? _lent;
    private int _length;

    // Twice the number of the loan, plus one while the array is on loan. One word, since TryDetach may come on another thread when the
    // loan has ended and the next has begun, perhaps of the same array: the array is taken once, by TryDetach or by End.
    private int _loanState;

    /// <summary>Whether a payload has been handed to the method.</summary>
    public bool IsHandedOver => _settings is not null;

    /// <summary>Whether the lender's array belongs to this call.</summary>
    public bool HasTakenLender { get; private set; }

    /// <summary>The task of the method, if it did not complete at once.</summary>
    public Task? Pending { get; set; }

    /// <summary>The number of the loan, which comes again only after two billion loans of this object.</summary>
    public int Loan => _loanState >>> 1;

    /// <summary>Takes the spare object of this thread, or creates one.</summary>
    /// <param name="lender">The rented array that begins with the payload, if its ownership can be passed on.</param>
    public static HandlerCall Begin(byte[]? lender)
    {
        HandlerCall call = Spare ?? new HandlerCall();
        Spare = null;
        call._lender = lender;
        return call;
    }

    /// <summary>Lends a payload to the method: the delivered one, or a part of it from its beginning.</summary>
    /// <param name="payload">The payload. It is copied, unless the lender's array begins with it.</param>
    /// <param name="settings">The settings of the connection, which have its pool.</param>
    /// <param name="receiver">The receiver of the connection, which knows what follows the message, if that may be asked.</param>
    /// <returns>The payload in memory that is valid until <see cref="End"/>.</returns>
    public ReadOnlyMemory<byte> Lend(ReadOnlySpan<byte> payload, ConnectionSettings settings, Receiver? receiver = null)
    {
        HasTakenLender = _lender is not null && !payload.IsEmpty && Unsafe.AreSame(in payload[0], in _lender[0]);
        byte[]? array = HasTakenLender ? _lender : null;
        if (array is null)
        {
            array = settings.Pool.Rent(payload.Length);
            payload.CopyTo(array);
        }

        _settings = settings;
        _receiver = receiver;
        _length = payload.Length;
        _lent = array;
        Volatile.Write(ref _loanState, _loanState | 1);
        return array.AsMemory(0, payload.Length);
    }

    /// <inheritdoc/>
    public byte[]? TryDetach(int loan, ReadOnlyMemory<byte> payload, out ArrayPool<byte> pool)
    {
        pool = ArrayPool<byte>.Shared;
        int lent = (loan << 1) | 1;
        if (_settings is not { } settings
            || !MemoryMarshal.TryGetArray(payload, out ArraySegment<byte> segment) || segment.Array is not { } array
            || Interlocked.CompareExchange(ref _loanState, lent & ~1, lent) != lent)
        {
            return null;
        }

        // From here on the array belongs to this call. Everything else of this object may belong to a later loan already.
        settings.Memory.Add(-array.Length);
        pool = settings.UncountedPool;
        if (!Inbox.IsTooLong(array, payload.Length))
        {
            return array;
        }

        byte[] copy = pool.Rent(payload.Length);
        payload.Span.CopyTo(copy);
        PoisonedMemory.Poison(array.AsSpan(0, payload.Length));
        pool.Return(array);
        return copy;
    }

    /// <inheritdoc/>
    public bool HasMore(int loan)
    {
        // Checked again afterwards: the loan may end, and the next begin on another connection, while the receiver is asked.
        return IsOnLoan(loan) && Volatile.Read(ref _receiver) is { HasNext: true } && IsOnLoan(loan);
    }

    private bool IsOnLoan(int loan) => Volatile.Read(ref _loanState) == ((loan << 1) | 1);

    /// <summary>Ends the loan, and keeps the object for the next call on this thread.</summary>
    public void End()
    {
        // Only this thread begins and ends loans; another can only take the array.
        int next = (_loanState | 1) + 1;
        bool isLent = (Interlocked.Exchange(ref _loanState, next) & 1) != 0;
        if (isLent && _lent is { } array && _settings is { } settings)
        {
            PoisonedMemory.Poison(array.AsSpan(0, _length));
            settings.Pool.Return(array);
        }

        _lent = null;
        _settings = null;
        _receiver = null;
        _lender = null;
        HasTakenLender = false;
        Pending = null;
        Spare = this;
    }
}
