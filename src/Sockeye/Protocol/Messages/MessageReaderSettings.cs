using System.Buffers;

namespace Sockeye.Protocol;

/// <summary>The settings that all <see cref="MessageReader"/>s of one server or client share.</summary>
/// <param name="Rules">The rules for frame headers.</param>
/// <param name="MaxMessageLength">
/// The maximum length of a message, in bytes; at most <see cref="Array.MaxLength"/> unless fragments are delivered.
/// </param>
/// <param name="DeliverFragments">Whether messages are delivered in pieces as they arrive, and never assembled.</param>
/// <param name="Pool">The pool of the buffers in which partial messages are assembled.</param>
internal sealed record MessageReaderSettings(
    FrameRules Rules, long MaxMessageLength, bool DeliverFragments, ArrayPool<byte> Pool)
{
    /// <summary>Decides whether this many bytes may be rented from the pool; <see langword="null"/> for no limit.</summary>
    public Func<long, bool>? HasRoomFor { get; init; }

    /// <summary>The number of bytes that may always be rented.</summary>
    public int UncheckedLength { get; init; }

    /// <summary>Whether a buffer may have this length.</summary>
    public bool Allows(long length) => HasRoomFor is null || length <= UncheckedLength || HasRoomFor(length);
}
