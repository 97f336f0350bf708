using System.Buffers.Binary;

namespace Sockeye.Connections;

/// <summary>Knows which pings are on their way, and times them (RFC 6455 §5.5.2, §5.5.3).</summary>
/// <remarks>
/// A ping carries a number. A pong answers the ping whose number it brings and all sent before it, since a peer may
/// answer only the newest; a pong that matches none is a one-way heartbeat and changes nothing. Thread-safe.
/// </remarks>
internal sealed class PingTracker(TimeProvider time)
{
    /// <summary>The length of a ping's payload, in bytes.</summary>
    public const int PayloadLength = sizeof(ulong);

    // A peer that never answers must not make the list grow without end.
    private const int MaxUnwatchedCount = 64;

    private readonly Lock _gate = new();
    private readonly List<Ping> _underway = [];
    private ulong _lastNumber;
    private TimeSpan? _roundTripTime;

    /// <summary>How long the last answered ping took; <see langword="null"/> before the first.</summary>
    public TimeSpan? RoundTripTime
    {
        get
        {
            lock (_gate)
            {
                return _roundTripTime;
            }
        }
    }

    /// <summary>How many pings have not been answered.</summary>
    public int UnderwayCount
    {
        get
        {
            lock (_gate)
            {
                return _underway.Count;
            }
        }
    }

    /// <summary>Begins to time a ping.</summary>
    /// <param name="payload">Where its payload is written to.</param>
    /// <param name="answer">Told how long it took; <see langword="null"/> if nobody waits.</param>
    public void Begin(Span<byte> payload, TaskCompletionSource<TimeSpan>? answer)
    {
        lock (_gate)
        {
            BinaryPrimitives.WriteUInt64BigEndian(payload, ++_lastNumber);
            if (_underway.Count >= MaxUnwatchedCount)
            {
                _underway.RemoveAll(static ping => ping.Answer is null);
            }

            _underway.Add(new Ping(_lastNumber, time.GetTimestamp(), answer));
        }
    }

    /// <summary>Nobody waits for a ping any more; its answer still counts.</summary>
    public void Forget(TaskCompletionSource<TimeSpan> answer)
    {
        lock (_gate)
        {
            int index = _underway.FindIndex(ping => ping.Answer == answer);
            if (index >= 0)
            {
                _underway[index] = _underway[index] with { Answer = null };
            }
        }
    }

    /// <summary>A pong has arrived.</summary>
    public void OnPong(ReadOnlySpan<byte> payload)
    {
        if (payload.Length != PayloadLength)
        {
            return;
        }

        ulong number = BinaryPrimitives.ReadUInt64BigEndian(payload);
        lock (_gate)
        {
            int index = _underway.FindIndex(ping => ping.Number == number);
            if (index < 0)
            {
                return;
            }

            // One reading of the clock, so that the ping's sender and RoundTripTime are told the same.
            long now = time.GetTimestamp();
            _roundTripTime = time.GetElapsedTime(_underway[index].SentAt, now);
            foreach (Ping ping in _underway[..(index + 1)])
            {
                ping.Answer?.TrySetResult(time.GetElapsedTime(ping.SentAt, now));
            }

            _underway.RemoveRange(0, index + 1);
        }
    }

    /// <summary>The connection has ended: no answer will come.</summary>
    public void FailAll(Func<Exception> reason)
    {
        lock (_gate)
        {
            foreach (Ping ping in _underway)
            {
                if (ping.Answer is { } answer && answer.TrySetException(reason()))
                {
                    // Seen here: whoever sent the ping may have been told by the send that failed, and not look.
                    _ = answer.Task.Exception;
                }
            }

            _underway.Clear();
        }
    }

    private readonly record struct Ping(ulong Number, long SentAt, TaskCompletionSource<TimeSpan>? Answer);
}
