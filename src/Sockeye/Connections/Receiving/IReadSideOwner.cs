using System.Buffers;
using Sockeye.Protocol;
using Sockeye.Transports;

namespace Sockeye.Connections.Receiving;

/// <summary>What a <see cref="ReadSide"/> asks of the connection that owns it, and what it reports. On the I/O thread.</summary>
internal interface IReadSideOwner
{
    /// <summary>The rules by which messages are read.</summary>
    MessageReaderSettings Reader { get; }

    /// <summary>What decompresses messages; <see langword="null"/> if they are not compressed.</summary>
    IMessageInflater? Inflater { get; }

    /// <summary>Where messages go.</summary>
    Receiver Receiver { get; }

    /// <summary>The share of its thread that a connection has; <see langword="null"/> if it has a thread of its own.</summary>
    TimeSlice? Slice { get; }

    /// <summary>Where buffers come from.</summary>
    ArrayPool<byte> Pool { get; }

    /// <summary>Whether everything that arrives from now on is ignored.</summary>
    bool IsInputOver { get; }

    /// <summary>How many bytes have arrived since the opening handshake.</summary>
    long ReceivedLength { get; }

    /// <summary>Checks how much the peer sends; <see langword="null"/> if that is not limited.</summary>
    ReceiveRates? Rates { get; }

    /// <summary>Fails the connection if the peer has exceeded a rate.</summary>
    /// <param name="excess">The rate; <see langword="null"/> if none.</param>
    /// <returns>Whether it has.</returns>
    bool FailIf(WebSocketRateException? excess);

    /// <summary>A message, or a piece of one, is about to be delivered. Called only while metrics are collected.</summary>
    /// <param name="kind">The kind of the message.</param>
    /// <param name="length">The length of the payload.</param>
    /// <param name="endsMessage">Whether it ends the message.</param>
    void OnReceiveMeasured(WebSocketMessageKind kind, int length, bool endsMessage);

    /// <summary>The buffer of a message that was incomplete now belongs to another part of the connection.</summary>
    /// <param name="length">The length of its array in bytes.</param>
    void OnMessageDetached(int length);

    /// <summary>A ping has arrived.</summary>
    void OnPing(ReadOnlySpan<byte> payload);

    /// <summary>A pong has arrived.</summary>
    void OnPong(ReadOnlySpan<byte> payload);

    /// <summary>A Close frame has arrived.</summary>
    void OnClose(CloseStatus status);

    /// <summary>The peer broke a rule.</summary>
    void OnViolation(ProtocolViolation violation);

    /// <summary>A message, or a frame, has begun to arrive and is not complete.</summary>
    /// <param name="takenLength">A count that grows with the bytes of messages, and not with control frames.</param>
    /// <param name="number">A count of the messages and frames that were incomplete and have become whole.</param>
    void OnMessageOpen(long takenLength, int number);

    /// <summary>All that has begun to arrive is complete.</summary>
    void OnMessageWhole();

    /// <summary>More has been discarded after the end of the input than a peer sends that has not seen the end yet.</summary>
    void OnTooMuchDiscarded();
}
