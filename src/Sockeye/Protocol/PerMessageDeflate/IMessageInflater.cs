using System.Buffers;

namespace Sockeye.Protocol;

/// <summary>
/// Inflates the consecutive messages of one connection (RFC 7692 §7.2.2). An interface, since the platform's zlib has no place in
/// this layer.
/// </summary>
internal interface IMessageInflater
{
    /// <summary>Prepares to inflate the next bytes of a message. Called before each <see cref="Inflate"/>.</summary>
    /// <param name="endsMessage">Whether the next bytes end the message.</param>
    /// <returns>Whether there is enough memory.</returns>
    bool TryBegin(bool endsMessage) => true;

    /// <summary>Inflates as much as the source and the destination allow.</summary>
    /// <param name="source">
    /// The next bytes of the message's payload, across frames, without those that an earlier call consumed.
    /// </param>
    /// <param name="endsMessage">Whether they end the message.</param>
    /// <param name="destination">The output buffer.</param>
    /// <param name="consumed">The number of source bytes consumed; do not pass them again.</param>
    /// <param name="written">The number of bytes written to the destination.</param>
    /// <returns>
    /// <see cref="OperationStatus.NeedMoreData"/>: the source is consumed and the message continues.
    /// <see cref="OperationStatus.Done"/>: the message is complete, and the next call begins another.
    /// <see cref="OperationStatus.DestinationTooSmall"/>: call again with more room and the rest of the source, even if it is
    /// empty. <see cref="OperationStatus.InvalidData"/>: the data is invalid; do not call again.
    /// </returns>
    OperationStatus Inflate(
        ReadOnlySpan<byte> source, bool endsMessage, Span<byte> destination, out int consumed, out int written);
}
