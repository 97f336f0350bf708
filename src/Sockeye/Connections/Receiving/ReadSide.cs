using Sockeye.Memory;
using Sockeye.Protocol;
using Sockeye.Telemetry;
using Sockeye.Transports;

namespace Sockeye.Connections.Receiving;

/// <summary>
/// The read side of a connection: bytes from the transport go to the message reader, and what that finds goes to where it belongs. On
/// the transport's I/O thread.
/// </summary>
/// <remarks>
/// One field of the connection. Messages that lie whole in what has arrived need no more; the rest is an
/// <see cref="UnfinishedRead"/>, which a connection rents while something is incomplete.
/// </remarks>
internal struct ReadSide
{
    private UnfinishedRead? _unfinished;

    /// <summary>Whether something has arrived that is incomplete, or waits for the application.</summary>
    public readonly bool IsUnfinished => _unfinished is not null;

    /// <summary>Takes in what has arrived.</summary>
    /// <param name="owner">The connection.</param>
    /// <param name="bytes">What has arrived.</param>
    public ReadVerdict OnReceived(IReadSideOwner owner, Span<byte> bytes)
    {
        int consumed = _unfinished is null && !owner.IsInputOver ? TakeWholeMessages(owner, bytes) : 0;
        if (consumed == bytes.Length)
        {
            return ReadVerdict.Continue;
        }

        UnfinishedRead unfinished = _unfinished ??= UnfinishedRead.Rent(owner);
        ReadVerdict verdict = unfinished.Read(bytes[consumed..]);
        ReturnIfAtRest(unfinished);
        return verdict;
    }

    /// <summary>Goes on with what was left when reading paused.</summary>
    public ReadVerdict OnReadingResumed()
    {
        if (_unfinished is not { } unfinished)
        {
            return ReadVerdict.Continue;
        }

        ReadVerdict verdict = unfinished.Resume();
        ReturnIfAtRest(unfinished);
        return verdict;
    }

    /// <summary>Takes bytes that were received before the connection existed, while reading is paused.</summary>
    public void Preload(IReadSideOwner owner, ReadOnlySpan<byte> bytes)
    {
        if (!bytes.IsEmpty)
        {
            (_unfinished ??= UnfinishedRead.Rent(owner)).Keep(bytes);
        }
    }

    /// <summary>Returns all memory: nothing more is read.</summary>
    public readonly void Release() => _unfinished?.Release();

    /// <summary>
    /// Takes messages, each in one frame, from the beginning of what has arrived, as long as the application has room and the thread
    /// has time.
    /// </summary>
    /// <returns>How many bytes were taken. The rest begins with something else, or must not be taken now.</returns>
    public static int TakeWholeMessages(IReadSideOwner owner, Span<byte> bytes)
    {
        Receiver receiver = owner.Receiver;
        MessageReaderSettings settings = owner.Reader;
        TimeSlice? slice = owner.Slice;
        ReceiveRates? rates = owner.Rates;
        bool isMeasured = Instruments.CountsMessages;
        int consumed = 0;
        while (consumed < bytes.Length && !receiver.IsFull && (slice is null || slice.TryGoOn()))
        {
            int length = WholeMessage.Read(
                bytes[consumed..], settings, out WebSocketMessageKind kind, out Span<byte> payload);
            consumed += length;
            if (length == 0)
            {
                break;
            }

            if (kind == WebSocketMessageKind.Text && !Utf8Validator.IsValid(payload))
            {
                owner.OnViolation(new ProtocolViolation(
                    WebSocketProtocolError.InvalidUtf8,
                    bytes.Slice(consumed - length, length - payload.Length).ToArray(),
                    owner.ReceivedLength - (bytes.Length - consumed) - length));
            }
            else if (rates is null || !owner.FailIf(rates.NoteMessage()))
            {
                receiver.NoteMessage();
                if (isMeasured)
                {
                    owner.OnReceiveMeasured(kind, payload.Length, endsMessage: true);
                }

                bool hasNext = !settings.DeliverFragments && ReadAhead.HasMessage(bytes[consumed..], settings.Rules);
                receiver.Deliver(payload, lender: null, kind, endOfMessage: true, hasNext);
                PoisonedMemory.Poison(payload);
            }

            // The rest is not for the application any more.
            if (owner.IsInputOver)
            {
                return bytes.Length;
            }
        }

        return consumed;
    }

    private void ReturnIfAtRest(UnfinishedRead unfinished)
    {
        if (unfinished.TryReturn())
        {
            _unfinished = null;
        }
    }
}
