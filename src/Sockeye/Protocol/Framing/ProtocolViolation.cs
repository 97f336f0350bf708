using System.Globalization;

namespace Sockeye.Protocol;

/// <summary>A broken rule and the frame that broke it. Does not depend on how the network split the stream.</summary>
/// <param name="Error">The rule.</param>
/// <param name="FrameHeader">
/// The first bytes of the frame: as much of its header as <see cref="HeaderLengthFor"/> says. Empty if no frame is at fault.
/// </param>
/// <param name="FrameOffset">How many bytes the peer sent since the opening handshake, before the frame.</param>
internal sealed record ProtocolViolation(WebSocketProtocolError Error, byte[] FrameHeader, long FrameOffset)
{
    private const int Length16 = 126;
    private const int Length64 = 127;
    private const byte MaskBit = 0x80;

    /// <summary>
    /// If the message is too long, the payload lengths that its frames have declared so far, in sum; else
    /// <see langword="null"/>.
    /// </summary>
    public long? MessageLength { get; init; }

    /// <summary>If the message is too long, the limit; else <see langword="null"/>.</summary>
    public long? MaxMessageLength { get; init; }

    /// <summary>Whether the declared length is that of compressed bytes (RFC 7692 §6).</summary>
    public bool IsCompressed { get; init; }

    /// <summary>The header in hex, as protocol analyzers show it.</summary>
    public string HeaderText => string.Join(' ', FrameHeader.Select(value => value.ToString("X2", CultureInfo.InvariantCulture)));

    /// <summary>The length and the limit, to follow the name of the rule; empty unless a message is too long.</summary>
    public string LengthText => (MessageLength, IsCompressed) switch
    {
        (null, _) => "",
        (_, true) => string.Create(
            CultureInfo.InvariantCulture,
            $": {MessageLength} compressed bytes declared, {MaxMessageLength} allowed when inflated"),
        _ => string.Create(
            CultureInfo.InvariantCulture, $": {MessageLength} bytes declared, {MaxMessageLength} allowed"),
    };

    private string FrameText => FrameHeader.Length == 0
        ? ""
        : string.Create(CultureInfo.InvariantCulture, $", in the frame {HeaderText} at byte {FrameOffset}");

    /// <summary>A sentence for people: what the peer did, where it is forbidden, and in which frame.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Error.Describe()}{LengthText}{FrameText}");

    /// <summary>
    /// How many bytes of a header are needed to detect that the rule is broken. A violation shows only these, so that it
    /// does not depend on whether the rest has arrived.
    /// </summary>
    /// <param name="error">The rule.</param>
    /// <param name="header">At least its first two bytes.</param>
    public static int HeaderLengthFor(WebSocketProtocolError error, ReadOnlySpan<byte> header)
    {
        int lengthBytes = (header[1] & ~MaskBit) switch
        {
            Length16 => sizeof(ushort),
            Length64 => sizeof(ulong),
            _ => 0,
        };
        return error switch
        {
            WebSocketProtocolError.ReservedBitSet or WebSocketProtocolError.ReservedOpcode or WebSocketProtocolError.FragmentedControlFrame
                or WebSocketProtocolError.ControlFrameTooLong or WebSocketProtocolError.UnmaskedClientFrame or WebSocketProtocolError.MaskedServerFrame
                or WebSocketProtocolError.UnexpectedContinuation or WebSocketProtocolError.InterleavedMessage => 2,
            WebSocketProtocolError.PayloadLengthOutOfRange or WebSocketProtocolError.NonMinimalPayloadLength => 2 + lengthBytes,
            _ => 2 + lengthBytes + ((header[1] & MaskBit) != 0 ? sizeof(uint) : 0),
        };
    }
}
