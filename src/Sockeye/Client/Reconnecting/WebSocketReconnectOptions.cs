using System.Security.Cryptography;

namespace Sockeye;

/// <summary>When a <see cref="WebSocketReconnectingClient"/> connects again.</summary>
/// <remarks>Never changes once made.</remarks>
public sealed record WebSocketReconnectOptions
{
    // Copied on its way in and out; see WebSocketConnectionOptions.
    private readonly WebSocketClientOptions _client = new();

    /// <summary>The defaults: a new object each time.</summary>
    public static WebSocketReconnectOptions Default => new();

    /// <summary>How each connection is made. A copy is kept, and a copy is returned.</summary>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public WebSocketClientOptions Client
    {
        get => _client with { };
        init
        {
            ArgumentNullException.ThrowIfNull(value, nameof(Client));
            _client = value with { };
        }
    }

    /// <summary>
    /// The most that is waited after the first failure. What is waited is random, from nothing to this, so that the clients
    /// of a server that was restarted do not come back all at once (RFC 6455 §7.2.3).
    /// </summary>
    /// <value>
    /// More than zero, at most a day. The default is 5 seconds. One that is set may not be longer than <see cref="MaxDelay"/>.
    /// </value>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public TimeSpan FirstDelay
    {
        get;
        init => field = OptionChecks.Deadline(value, nameof(FirstDelay));
    } = DefaultFirstDelay;

    /// <summary>What the most that is waited grows to, by doubling with each failure.</summary>
    /// <value>More than zero, at most a day. The default is 60 seconds.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public TimeSpan MaxDelay
    {
        get;
        init => field = OptionChecks.Deadline(value, nameof(MaxDelay));
    } = TimeSpan.FromSeconds(60);

    /// <summary>How long a connection must have been open for failures before it to be forgotten.</summary>
    /// <value>More than zero, at most a day. The default is 30 seconds.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public TimeSpan StablePeriod
    {
        get;
        init => field = OptionChecks.Deadline(value, nameof(StablePeriod));
    } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How many bytes of messages are kept that are sent while no connection is open, to go out on the next; what is beyond
    /// waits in <c>SendAsync</c>.
    /// </summary>
    /// <value>
    /// 0, the default, keeps none: a send then waits for a connection. 64 bytes are counted for each message besides its
    /// payload.
    /// </value>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public long MaxQueueLength
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value, nameof(MaxQueueLength));
            field = value;
        }
    }

    /// <summary>
    /// Whether to connect again after a connection has ended, or could not be made. The default is
    /// <see cref="WebSocketDisconnect.IsTransient"/>. Not asked when the application itself has closed.
    /// </summary>
    /// <remarks>Must not block. What it throws ends the client.</remarks>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public Func<WebSocketDisconnect, bool> ShouldReconnect
    {
        get;
        init => field = OptionChecks.NotNull(value, nameof(ShouldReconnect));
    } = static disconnect => disconnect.IsTransient;

    /// <summary>
    /// Told of each change, in their order, one at a time; must not block. What it throws is logged and otherwise ignored.
    /// </summary>
    public Action<WebSocketReconnectStatus>? OnStatusChanged { get; init; }

    /// <summary>The default of <see cref="FirstDelay"/>.</summary>
    internal static TimeSpan DefaultFirstDelay { get; } = TimeSpan.FromSeconds(5);

    /// <summary>How each connection is made, for reading without a copy.</summary>
    internal WebSocketClientOptions OwnClient => _client;

    /// <summary>Random numbers from 0 to 1.</summary>
    internal Func<double> NextRandom { get; init; } =
        static () => RandomNumberGenerator.GetInt32(int.MaxValue) / (double)int.MaxValue;
}
