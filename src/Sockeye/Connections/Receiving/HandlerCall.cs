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

    // Taken once: by End, which returns it to the pool, or by TryDetach.
    private byte[]? _lent;
    private int _length;
    private ushort _loan;

    /// <summary>Whether a payload has been handed to the method.</summary>
    public bool IsHandedOver => _settings is not null;

    /// <summary>Whether the lender's array belongs to this call.</summary>
    public bool HasTakenLender { get; private set; }

    /// <summary>The task of the method, if it did not complete at once.</summary>
    public Task? Pending { get; set; }

    /// <summary>The number of the loan, which no other loan of this object has had lately.</summary>
    public ushort Loan => _loan;

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
    /// <returns>The payload in memory that is valid until <see cref="End"/>.</returns>
    public ReadOnlyMemory<byte> Lend(ReadOnlySpan<byte> payload, ConnectionSettings settings)
    {
        HasTakenLender = _lender is not null && !payload.IsEmpty && Unsafe.AreSame(in payload[0], in _lender[0]);
        byte[]? array = HasTakenLender ? _lender : null;
        if (array is null)
        {
            array = settings.Pool.Rent(payload.Length);
            payload.CopyTo(array);
        }

        _settings = settings;
        _length = payload.Length;
        _lent = array;
        return array.AsMemory(0, payload.Length);
    }

    /// <inheritdoc/>
    public byte[]? TryDetach(ushort loan, ReadOnlyMemory<byte> payload, out ArrayPool<byte> pool)
    {
        // The method's task may complete at any moment, if the application detaches too late: the array is taken by one of both.
        pool = ArrayPool<byte>.Shared;
        if (_settings is not { } settings || loan != Volatile.Read(ref _loan)
            || !MemoryMarshal.TryGetArray(payload, out ArraySegment<byte> segment)
            || Interlocked.CompareExchange(ref _lent, null, segment.Array) is not { } array || array != segment.Array)
        {
            return null;
        }

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

    /// <summary>Ends the loan, and keeps the object for the next call on this thread.</summary>
    public void End()
    {
        Volatile.Write(ref _loan, (ushort)(_loan + 1));
        if (Interlocked.Exchange(ref _lent, null) is { } array)
        {
            PoisonedMemory.Poison(array.AsSpan(0, _length));
            _settings!.Pool.Return(array);
        }

        _settings = null;
        _lender = null;
        HasTakenLender = false;
        Pending = null;
        Spare = this;
    }
}
