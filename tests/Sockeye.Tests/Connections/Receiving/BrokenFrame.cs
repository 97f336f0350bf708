using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>A frame that breaks a rule, and what the exception must say.</summary>
/// <param name="Error">The rule.</param>
/// <param name="Before">Legal frames in front of it, unmasked, in hex.</param>
/// <param name="Frame">The frame, unmasked, in hex.</param>
/// <param name="HeaderLength">The number of header bytes shown, without the masking key, which follows if all are shown.</param>
/// <param name="DeclaredLength">What a message that is too long has declared.</param>
internal sealed record BrokenFrame(
    WebSocketProtocolError Error, string Before, string Frame, int HeaderLength, long? DeclaredLength = null)
{
    /// <summary>The longest message of those who read these.</summary>
    public const int MaxMessageLength = 20;

    // An empty message, one of text, a ping, and one in fragments with a pong in between.
    private const string Legal = "82 00 81 02 C3 A9 89 01 70 02 01 01 8A 00 00 00 80 02 02 03";

    /// <summary>One for each rule, and more where a rule can be broken in several ways.</summary>
    public static IReadOnlyList<BrokenFrame> All { get; } =
    [
        new(WebSocketProtocolError.ReservedBitSet, Legal, "A1 01 41", 2),
        new(WebSocketProtocolError.ReservedOpcode, Legal, "83 00", 2),
        new(WebSocketProtocolError.ReservedOpcode, "", "8B 00", 2),
        new(WebSocketProtocolError.FragmentedControlFrame, Legal, "09 00", 2),
        new(WebSocketProtocolError.ControlFrameTooLong, Legal, "89 7E 00 7E", 2),
        new(WebSocketProtocolError.PayloadLengthOutOfRange, Legal, "82 7F 80 00 00 00 00 00 00 01", 10),
        new(WebSocketProtocolError.NonMinimalPayloadLength, Legal, "82 7E 00 7D", 4),
        new(WebSocketProtocolError.NonMinimalPayloadLength, Legal, "82 7F 00 00 00 00 00 00 FF FF", 10),
        new(WebSocketProtocolError.UnexpectedContinuation, Legal, "80 01 41", 2),
        new(WebSocketProtocolError.InterleavedMessage, Legal + "01 01 41", "81 01 42", 2),
        new(WebSocketProtocolError.ClosePayloadTooShort, Legal, "88 01 03", 2),
        new(WebSocketProtocolError.InvalidCloseCode, Legal, "88 02 03 ED", 2),
        new(WebSocketProtocolError.InvalidCloseCode, "02 01 41", "88 04 03 E7 41 42", 2),
        new(WebSocketProtocolError.InvalidUtf8, Legal, "81 04 41 42 FF 43", 2),
        new(WebSocketProtocolError.InvalidUtf8, "", "81 01 FF", 2),
        new(WebSocketProtocolError.InvalidUtf8, Legal + "01 02 41 C3", "00 02 41 42", 2),
        new(WebSocketProtocolError.InvalidUtf8, Legal + "01 02 41 C3 89 01 00", "80 00", 2),
        new(WebSocketProtocolError.InvalidUtf8InCloseReason, Legal, "88 03 03 E8 FF", 2),
        new(WebSocketProtocolError.MessageTooLong, Legal, "82 15 00", 2, 21),
        new(WebSocketProtocolError.MessageTooLong, Legal, "81 7E 01 00 41", 4, 256),
        new(WebSocketProtocolError.MessageTooLong, Legal, "02 7F 7F FF FF FF FF FF FF FF", 10, long.MaxValue),
        new(WebSocketProtocolError.MessageTooLong, Legal + "02 03 01 02 03 89 00", "80 12 04", 2, 21),
        new(WebSocketProtocolError.MessageTooLong, Legal + "02 01 01", "00 7F 7F FF FF FF FF FF FF FF", 10, long.MaxValue),
        new(WebSocketProtocolError.TooManyEmptyFragments, "02 00" + string.Concat(Enumerable.Repeat("00 00", 63)), "00 00", 2),
    ];

    /// <summary>The bytes that the end receives, and the expected exception.</summary>
    public (byte[] Wire, ProtocolViolation Expected) For(Role receiver)
    {
        byte[] before = Wire.Bytes(Before);
        byte[] frame = Wire.Bytes(Frame);
        if (receiver == Role.Server)
        {
            before = Wire.Masked(before);
            frame = Wire.Masked(frame);
        }

        // In front of the payload a client has a masking key.
        byte[] unmasked = Wire.Bytes(Frame);
        int fullLength = 2 + ((unmasked[1] & 0x7F) switch { 126 => 2, 127 => 8, _ => 0 });
        bool isWhole = HeaderLength == fullLength && receiver == Role.Server && !IsSeenBeforeKey;
        return ([.. before, .. frame], new ProtocolViolation(
            Error, frame[..(HeaderLength + (isWhole ? 4 : 0))], before.Length)
        {
            MessageLength = DeclaredLength,
            MaxMessageLength = DeclaredLength is null ? null : MaxMessageLength,
        });
    }

    // Broken by the first two bytes, or by the length behind them.
    private bool IsSeenBeforeKey => Error
        is WebSocketProtocolError.ReservedBitSet or WebSocketProtocolError.ReservedOpcode or WebSocketProtocolError.FragmentedControlFrame
        or WebSocketProtocolError.ControlFrameTooLong or WebSocketProtocolError.PayloadLengthOutOfRange
        or WebSocketProtocolError.NonMinimalPayloadLength or WebSocketProtocolError.UnexpectedContinuation or WebSocketProtocolError.InterleavedMessage;
}
