using System.Text;

namespace Sockeye.Protocol.Tests;

/// <summary>Feeds one <see cref="MessageReader"/> as a connection does, and records its results as text.</summary>
internal sealed class ReaderRun
{
    public const long DefaultMaxMessageLength = 1 << 20;

    private readonly List<string> _received = [];

    public ReaderRun(
        bool toServer, long maxMessageLength = DefaultMaxMessageLength, byte allowedReservedBits = 0,
        bool deliversFragments = false)
    {
        FrameRules rules = new(toServer ? Role.Server : Role.Client, allowedReservedBits);
        Reader = new MessageReader(new MessageReaderSettings(rules, maxMessageLength, deliversFragments, Pool), new CopyingInflater());
    }

    public CountingPool Pool { get; } = new();

    public MessageReader Reader { get; }

    /// <summary>Whether to release each delivered message at once, or to let the next frame do so.</summary>
    public bool ReleasesDelivered { get; init; } = true;

    /// <summary>
    /// The results: "text Hello", "binary 00FF", "ping 48", "pong ", "close 03E8", "error Name"; a fragment that does not end its
    /// message ends with an ellipsis.
    /// </summary>
    public IReadOnlyList<string> Received => _received;

    /// <summary>Reads a whole segment.</summary>
    public void Feed(ReadOnlySpan<byte> segment)
    {
        // A copy, since it is unmasked in place; overwritten afterwards, like a receive buffer.
        byte[] buffer = segment.ToArray();
        Span<byte> source = buffer;
        ReceivedKind kind;
        do
        {
            kind = Reader.Read(source, out int consumed, out Span<byte> payload);
            source = source[consumed..];
            if (kind == ReceivedKind.NeedMoreData)
            {
                Assert.True(source.IsEmpty, "All must be taken in before more is asked for.");
                Assert.True(payload.IsEmpty);
            }
            else
            {
                _received.Add(Describe(kind, payload));
                if (ReleasesDelivered)
                {
                    Reader.ReleaseDelivered();
                }
            }
        }
        while (kind != ReceivedKind.NeedMoreData);

        buffer.AsSpan().Fill(CountingPool.Poison);
    }

    /// <summary>Reads all segments and then ends; every rented array must have been returned.</summary>
    public static IReadOnlyList<string> All(
        Wire wire, long maxMessageLength = DefaultMaxMessageLength, byte allowedReservedBits = 0, bool releases = true)
    {
        ReaderRun run = new(wire.ToServer, maxMessageLength, allowedReservedBits) { ReleasesDelivered = releases };
        foreach (byte[] segment in wire.Segments)
        {
            run.Feed(segment);
        }

        run.End();
        return run.Received;
    }

    public void End()
    {
        Reader.Release();
        Assert.Equal(0, Pool.OutCount);
    }

    private string Describe(ReceivedKind kind, ReadOnlySpan<byte> payload)
    {
        switch (kind)
        {
            case ReceivedKind.Message:
                string end = Reader.EndsMessage ? "" : "…";
                Assert.Equal(Reader.EndsMessage, !Reader.IsInsideMessage);
                return Reader.MessageKind == WebSocketMessageKind.Text
                    ? "text " + Encoding.UTF8.GetString(payload) + end
                    : "binary " + Convert.ToHexString(payload) + end;
            case ReceivedKind.Violation:
                Assert.True(payload.IsEmpty, "Nothing is delivered with a violation.");
                return "error " + Reader.Error;
            default:
                return kind.ToString().ToLowerInvariant() + " " + Convert.ToHexString(payload);
        }
    }
}
