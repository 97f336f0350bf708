using System.Globalization;

namespace Sockeye.Protocol;

/// <summary>A protocol error and the frame that caused it. Independent of how the network split the stream.</summary>
/// <param name="Error">The violated rule.</param>
/// <param name="FrameHeader">
/// The first bytes of the frame: as much of its header as <see cref="HeaderLengthFor"/> returns. Empty if no frame is at fault.
/// </param>
/// <param name="FrameOffset">The number of bytes that the peer sent between the opening handshake and the frame.</param>
internal sealed record ProtocolViolation(WebSocketProtocolError Error, byte[] FrameHeader, long FrameOffset)
{
    private const int Length16 = 126;
    private const int Length64 = 127;
    private const byte MaskBit = 0x80;

    /// <summary>
    /// The sum of the payload lengths that the message's frames have declared so far, if the message is too long; otherwise
    /// <see langword="null"/>.
    /// </summary>
    public long? MessageLength { get; init; }

    /// <summary>The limit, if the message is too long; otherwise <see langword="null"/>.</summary>
    public long? MaxMessageLength { get; init; }

    /// <summary>Whether the declared length counts compressed bytes (RFC 7692 §6).</summary>
    public bool IsCompressed { get; init; }

    /// <summary>The header in hex, in the notation of protocol analyzers.</summary>
    public string HeaderText => string.Join(' ', FrameHeader.Select(value => value.ToString("X2", CultureInfo.InvariantCulture)));

    /// <summary>The length and the limit, to append to the name of the error; empty unless a message is too long.</summary>
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

    /// <summary>Describes for a human reader what the peer did, which clause forbids it, and in which frame.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Error.Describe()}{LengthText}{FrameText}");

    /// <summary>
    /// Returns how many bytes of a header are needed to detect the error. A violation contains only these, so that it does not
    /// depend on whether the rest has arrived.
    /// </summary>
    /// <param name="error">The violated rule.</param>
    /// <param name="header">The header, at least its first two bytes.</param>
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
