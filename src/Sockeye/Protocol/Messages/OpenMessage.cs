namespace Sockeye.Protocol;

/// <summary>
/// The message that is being received, as its frame headers describe it. Determines which frame may come next (RFC 6455 §5.4).
/// </summary>
internal struct OpenMessage
{
    // RFC 6455 §5.4 does not limit empty fragments, and a limit on bytes does not either. Senders end a message with one, and use
    // one now and then to flush; none has a reason to send 64 in a row.
    private const int MaxEmptyFragmentsInARow = 64;

    private byte _emptyFragments;

    /// <summary>The kind of the message; <see cref="Opcode.Continuation"/> if none is open.</summary>
    public Opcode Opcode { get; private set; }

    /// <summary>Whether it is compressed (RFC 7692 §6).</summary>
    public bool IsCompressed { get; private set; }

    /// <summary>The sum of the payload lengths that its frames have declared so far.</summary>
    public long Length { get; private set; }

    /// <summary>Whether a message is open.</summary>
    public readonly bool IsOpen => Opcode != Opcode.Continuation;

    /// <summary>
    /// Checks that fragments of different messages are not interleaved. Like everything that two bytes can violate, this is
    /// checked as soon as they arrive; <see langword="null"/> means that fewer have arrived.
    /// </summary>
    public readonly WebSocketProtocolError CheckSequence(Opcode? next) => next switch
    {
        Opcode.Continuation when !IsOpen => WebSocketProtocolError.UnexpectedContinuation,
        Opcode.Text or Opcode.Binary when IsOpen => WebSocketProtocolError.InterleavedMessage,
        _ => WebSocketProtocolError.None,
    };

    /// <summary>Processes the header of a data frame.</summary>
    /// <param name="header">The header.</param>
    /// <param name="maxLength">The maximum length of a message, in bytes.</param>
    /// <returns>The violated rule, if any.</returns>
    public WebSocketProtocolError BeginFrame(in FrameHeader header, long maxLength)
    {
        WebSocketProtocolError sequenceError = CheckSequence(header.Opcode);
        if (sequenceError != WebSocketProtocolError.None)
        {
            return sequenceError;
        }

        if (header.Opcode != Opcode.Continuation)
        {
            Opcode = header.Opcode;

            // RFC 7692 §6: RSV1 on the first frame applies to the whole message.
            IsCompressed = header.ReservedBits != 0;
        }

        // RFC 6455 §10.4: rejected by the declared length, before any of it arrives. A subtraction, since a sum could overflow.
        long maxWireLength = IsCompressed ? CompressedMessage.MaxWireLength(maxLength) : maxLength;
        if (header.PayloadLength > maxWireLength - Length)
        {
            Length += Math.Min(header.PayloadLength, long.MaxValue - Length);
            return WebSocketProtocolError.MessageTooLong;
        }

        Length += header.PayloadLength;
        if (header.PayloadLength != 0)
        {
            _emptyFragments = 0;
        }
        else if (!header.Fin && ++_emptyFragments > MaxEmptyFragmentsInARow)
        {
            return WebSocketProtocolError.TooManyEmptyFragments;
        }

        return WebSocketProtocolError.None;
    }
}
