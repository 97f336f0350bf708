namespace Sockeye.Protocol;

/// <summary>The message that has begun to arrive, as its frames' headers tell it: what may come next (RFC 6455 §5.4).</summary>
internal struct OpenMessage
{
    // §5.4 puts no limit on empty fragments, and bytes cannot bound them. Honest senders end a message with one, and
    // flush with one now and then; nobody sends 64 in a row.
    private const int MaxEmptyFragmentsInARow = 64;

    private byte _emptyFragments;

    /// <summary>What the message is; <see cref="Opcode.Continuation"/> if none is open.</summary>
    public Opcode Opcode { get; private set; }

    /// <summary>Whether it is compressed (RFC 7692 §6).</summary>
    public bool IsCompressed { get; private set; }

    /// <summary>How many bytes its frames have announced until now.</summary>
    public long Length { get; private set; }

    /// <summary>Whether there is one.</summary>
    public readonly bool IsOpen => Opcode != Opcode.Continuation;

    /// <summary>
    /// Fragments of one message must not be interleaved with those of another. Like all that two bytes can break, this is
    /// refused as soon as they are here; <see langword="null"/> stands for a header of which there is less.
    /// </summary>
    public readonly WebSocketProtocolError CheckSequence(Opcode? next) => next switch
    {
        Opcode.Continuation when !IsOpen => WebSocketProtocolError.UnexpectedContinuation,
        Opcode.Text or Opcode.Binary when IsOpen => WebSocketProtocolError.InterleavedMessage,
        _ => WebSocketProtocolError.None,
    };

    /// <summary>Takes in the header of a data frame.</summary>
    /// <param name="header">The header.</param>
    /// <param name="maxLength">The longest message, in bytes.</param>
    /// <returns>The rule broken.</returns>
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

            // RFC 7692 §6: RSV1 on the first frame is said of the whole message.
            IsCompressed = header.ReservedBits != 0;
        }

        // §10.4: refused by what is announced, before any of it arrives. Subtracted, since a sum could overflow.
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
