using System.Buffers;

namespace Sockeye.Protocol;

/// <summary>What all <see cref="MessageReader"/>s of one server or client share: rules, limit and pool.</summary>
/// <param name="Rules">Which frame headers are legal.</param>
/// <param name="MaxMessageLength">
/// The longest message, in bytes; at most <see cref="Array.MaxLength"/> unless fragments are delivered.
/// </param>
/// <param name="DeliverFragments">Whether messages are delivered piece by piece, as they arrive, and never assembled.</param>
/// <param name="Pool">Lends the buffers in which partial messages are assembled.</param>
internal sealed record MessageReaderSettings(
    FrameRules Rules, long MaxMessageLength, bool DeliverFragments, ArrayPool<byte> Pool)
{
    /// <summary>Says whether so many bytes may be taken from the pool; <see langword="null"/> if there is no limit.</summary>
    public Func<long, bool>? HasRoomFor { get; init; }

    /// <summary>How many bytes may be taken without asking.</summary>
    public int UncheckedLength { get; init; }

    /// <summary>Whether a buffer may become so long.</summary>
    public bool Allows(long length) => HasRoomFor is null || length <= UncheckedLength || HasRoomFor(length);
}
