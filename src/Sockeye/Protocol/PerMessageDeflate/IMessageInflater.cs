using System.Buffers;

namespace Sockeye.Protocol;

/// <summary>
/// Inflates the messages of one connection, one after the other (RFC 7692 §7.2.2). Behind it is what has no place in this
/// layer: the platform's zlib.
/// </summary>
internal interface IMessageInflater
{
    /// <summary>Gets ready to inflate a message, or the next bytes of one. Called before each <see cref="Inflate"/>.</summary>
    /// <param name="endsMessage">Whether the message ends with the next bytes.</param>
    /// <returns>Whether there is memory for that.</returns>
    bool TryBegin(bool endsMessage) => true;

    /// <summary>Inflates on, as far as the source or the destination reaches.</summary>
    /// <param name="source">
    /// The next bytes of the message's payload, whatever frames they came in; without what an earlier call has consumed.
    /// </param>
    /// <param name="endsMessage">Whether the message ends with them.</param>
    /// <param name="destination">Where the inflated bytes go.</param>
    /// <param name="consumed">How many bytes of the source were taken in. Do not give them again.</param>
    /// <param name="written">How many bytes of the destination were written.</param>
    /// <returns>
    /// <see cref="OperationStatus.NeedMoreData"/>: the source is used up and the message goes on.
    /// <see cref="OperationStatus.Done"/>: the message is whole, and the next call begins another.
    /// <see cref="OperationStatus.DestinationTooSmall"/>: call again with more room and the rest of the source, even if
    /// there is none. <see cref="OperationStatus.InvalidData"/>: this is not what a deflater makes; do not call again.
    /// </returns>
    OperationStatus Inflate(
        ReadOnlySpan<byte> source, bool endsMessage, Span<byte> destination, out int consumed, out int written);
}
