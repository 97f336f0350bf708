using System.Buffers;
using Sockeye.Memory;

namespace Sockeye.Connections.Receiving;

/// <summary>A received message, or a fragment of one, in a rented array.</summary>
internal readonly record struct InboxEntry(byte[] Array, int Length, WebSocketMessageKind Kind, bool EndOfMessage)
{
    /// <summary>Stands for the end of the connection.</summary>
    public static InboxEntry End => default;

    /// <summary>Whether it ends the frame that it arrived in.</summary>
    public bool EndsFrame { get; init; }

    /// <summary>The number of the loan, while the application has the payload.</summary>
    public ushort Loan { get; init; }

    /// <summary>Whether the array was handed over to the application, and only the entry remains.</summary>
    public bool IsDetached { get; private init; }

    /// <summary>Whether this stands for the end of the connection.</summary>
    public bool IsEnd => Array is null;

    /// <summary>The payload.</summary>
    public Memory<byte> Payload => Array.AsMemory(0, Length);

    /// <summary>Creates an entry from a payload on loan.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="lender">
    /// The rented array that begins with the payload, if its ownership is passed on; otherwise the payload is copied.
    /// </param>
    /// <param name="kind">The kind of the message.</param>
    /// <param name="endOfMessage">Whether it ends its message.</param>
    /// <param name="pool">The pool that the copy is rented from.</param>
    public static InboxEntry Of(
        ReadOnlySpan<byte> payload, byte[]? lender, WebSocketMessageKind kind, bool endOfMessage, ArrayPool<byte> pool)
    {
        if (lender is null)
        {
            lender = pool.Rent(payload.Length);
            payload.CopyTo(lender);
        }

        return new InboxEntry(lender, payload.Length, kind, endOfMessage);
    }

    /// <summary>This entry once its array has been handed over.</summary>
    public InboxEntry Detached() => this with { Array = [], Length = 0, IsDetached = true };

    /// <summary>Returns the array to the pool, unless it was handed over.</summary>
    public void Release(ArrayPool<byte> pool)
    {
        if (Array is not null && !IsDetached)
        {
            PoisonedMemory.Poison(Array.AsSpan(0, Length));
            pool.Return(Array);
        }
    }
}
