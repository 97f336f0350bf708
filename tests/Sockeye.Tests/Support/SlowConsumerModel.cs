using System.Text;
using Sockeye.Connections.Sending;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>
/// The plain twin of a send queue under the policies for slow consumers: one list, which is searched each time. It expects that what
/// waits fits into one write.
/// </summary>
internal sealed class SlowConsumerModel(Role role, int limit)
{
    private readonly List<Entry> _entries = [];
    private long _acceptedLength;
    private long _takenLength;

    /// <summary>What <see cref="SendQueue.SendBufferLength"/> is.</summary>
    public long BufferedLength => _acceptedLength - _takenLength;

    /// <summary>What was dropped.</summary>
    public SendDrops Drops { get; private set; }

    /// <summary>The texts in the order in which they arrive.</summary>
    public IEnumerable<string> Delivered => _entries.Select(entry => entry.Text);

    private bool HasRoom =>
        BufferedLength + (_entries.Count(entry => entry.IsWaiting) * WaitingFrame.EntryLength) < limit;

    /// <summary>Sends a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="policy">The policy.</param>
    /// <param name="key">The key, if it has one.</param>
    /// <param name="wasBlocked">Whether the transport was blocked before.</param>
    /// <param name="isBlocked">Whether it is now.</param>
    public WebSocketSendResult Send(
        string text, WebSocketSlowConsumerPolicy policy, string? key, bool wasBlocked, bool isBlocked)
    {
        if (!wasBlocked)
        {
            Add(text, isWaiting: false);
            return isBlocked ? WebSocketSendResult.Queued : WebSocketSendResult.Sent;
        }

        switch (policy)
        {
            case WebSocketSlowConsumerPolicy.DropNewest when !HasRoom:
                return Drop();

            case WebSocketSlowConsumerPolicy.DropOldest:
                while (!HasRoom && _entries.Find(entry => entry is { IsWaiting: true, Key: null }) is { } oldest)
                {
                    _entries.Remove(oldest);
                    _acceptedLength -= LengthOf(oldest.Text);
                    Drops = Drops with { Oldest = Drops.Oldest + 1 };
                }

                if (!HasRoom)
                {
                    return Drop();
                }

                Add(text, isWaiting: true);
                return WebSocketSendResult.Queued;

            case WebSocketSlowConsumerPolicy.LatestPerKey when key is not null:
                Entry? waiting = _entries.Find(entry => entry.IsWaiting && entry.Key == key);
                bool hasRoom = _entries
                    .Where(entry => entry != waiting && entry is { IsWaiting: true, Key: not null })
                    .Sum(entry => LengthOf(entry.Text) + WaitingFrame.EntryLength) < limit;
                if (waiting is not null && (hasRoom || LengthOf(text) <= LengthOf(waiting.Text)))
                {
                    _acceptedLength += LengthOf(text) - LengthOf(waiting.Text);
                    waiting.Text = text;
                    Drops = Drops with { Replaced = Drops.Replaced + 1 };
                    return WebSocketSendResult.Queued;
                }

                if (waiting is not null || !hasRoom)
                {
                    return WebSocketSendResult.Refused;
                }

                Add(text, isWaiting: true, key);
                return WebSocketSendResult.Queued;

            default:
                if (!HasRoom)
                {
                    return WebSocketSendResult.Refused;
                }

                Add(text, isWaiting: false);
                return WebSocketSendResult.Queued;
        }
    }

    /// <summary>The transport has completed a write, or taken something at once: it gets all that waits to be written next.</summary>
    /// <param name="takenLength">How many bytes it has taken in all.</param>
    public void NoteTaken(long takenLength)
    {
        _takenLength = takenLength;
        _entries.ForEach(entry => entry.IsWaiting = false);
    }

    private WebSocketSendResult Drop()
    {
        Drops = Drops with { Newest = Drops.Newest + 1 };
        return WebSocketSendResult.Dropped;
    }

    private void Add(string text, bool isWaiting, string? key = null)
    {
        _entries.Add(new Entry { Text = text, IsWaiting = isWaiting, Key = key });
        _acceptedLength += LengthOf(text);
    }

    private int LengthOf(string text) => OutgoingFrame.LengthOf(Encoding.UTF8.GetByteCount(text), role);

    private sealed class Entry
    {
        public required string Text { get; set; }

        public required bool IsWaiting { get; set; }

        public string? Key { get; init; }
    }
}
