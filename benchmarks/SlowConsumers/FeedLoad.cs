namespace Sockeye.Benchmarks;

/// <summary>What a run sends, and to how many.</summary>
internal sealed record FeedLoad(int Subscribers, int UpdatesPerSecond, TimeSpan Duration, int KeysPerSubscriber)
{
    /// <summary>How many subscribers are slow in every second run.</summary>
    public const int SlowCount = 5;

    /// <summary>How many bytes a slow subscriber reads per second.</summary>
    public const int SlowBytesPerSecond = 1_000;

    /// <summary>The number of keys.</summary>
    public const int KeyCount = 20;

    /// <summary>The limit of a send buffer.</summary>
    public const int MaxSendBufferLength = 64 * 1024;

    /// <summary>How often the feed delivers what has changed.</summary>
    public static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(20);

    /// <summary>Whether a subscriber gets the updates of a key: those of as many neighboring keys as each gets, evenly distributed.</summary>
    public bool Wants(int subscriber, int key) => (key - subscriber % KeyCount + KeyCount) % KeyCount < KeysPerSubscriber;
}
