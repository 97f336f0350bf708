namespace Sockeye.Protocol;

/// <summary>What decides whether a frame header is legal, apart from the header itself. Never changes on a connection.</summary>
/// <param name="Receiver">The end that is reading; decides whether a frame must be masked (RFC 6455 §5.1).</param>
/// <param name="AllowedReservedBits">The bits that negotiated extensions claim: RSV1 is 4, RSV2 is 2, RSV3 is 1.</param>
/// <param name="AllowNonMinimalLength">Whether a length may be longer than it has to be, against §5.2.</param>
internal readonly record struct FrameRules(
    Role Receiver, byte AllowedReservedBits = 0, bool AllowNonMinimalLength = false);
