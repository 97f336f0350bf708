namespace Sockeye.Protocol;

/// <summary>The rules that a frame header is checked against. They never change during a connection.</summary>
/// <param name="Receiver">The role of the reader, which decides whether a frame must be masked (RFC 6455 §5.1).</param>
/// <param name="AllowedReservedBits">The bits that negotiated extensions use: RSV1 is 4, RSV2 is 2, RSV3 is 1.</param>
/// <param name="AllowNonMinimalLength">
/// Whether to allow a payload length that is not in its shortest form, against RFC 6455 §5.2.
/// </param>
internal readonly record struct FrameRules(
    Role Receiver, byte AllowedReservedBits = 0, bool AllowNonMinimalLength = false);
