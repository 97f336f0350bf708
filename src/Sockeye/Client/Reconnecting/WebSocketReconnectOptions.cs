using System.Security.Cryptography;

namespace Sockeye;

/// <summary>The options of a <see cref="WebSocketReconnectingClient"/>: how and when it connects.</summary>
/// <remarks>Immutable.</remarks>
public sealed record WebSocketReconnectOptions
{
    // Copied by the setter and the getter; see WebSocketConnectionOptions.
    private readonly WebSocketClientOptions _client = new();

    /// <summary>The defaults: a new object each time.</summary>
    public static WebSocketReconnectOptions Default => new();

    /// <summary>The options of each connection. A copy is kept, and a copy is returned.</summary>
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
    /// The maximum delay after the first failure. The delay is random, from zero to this, so that the clients of a restarted
    /// server do not reconnect all at once (RFC 6455 §7.2.3).
    /// </summary>
    /// <value>
    /// More than zero, at most a day. The default is 5 seconds. A value that is set must not exceed <see cref="MaxDelay"/>.
    /// </value>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public TimeSpan FirstDelay
    {
        get;
        init => field = OptionChecks.Deadline(value, nameof(FirstDelay));
    } = DefaultFirstDelay;

    /// <summary>The limit of the maximum delay, which doubles with each failure.</summary>
    /// <value>More than zero, at most a day. The default is 60 seconds.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public TimeSpan MaxDelay
    {
        get;
        init => field = OptionChecks.Deadline(value, nameof(MaxDelay));
    } = TimeSpan.FromSeconds(60);

    /// <summary>How long a connection must stay open to reset the number of failures.</summary>
    /// <value>More than zero, at most a day. The default is 30 seconds.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public TimeSpan StablePeriod
    {
        get;
        init => field = OptionChecks.Deadline(value, nameof(StablePeriod));
    } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How many bytes of messages that are sent without an open connection are kept for the next one. Further sends wait in
    /// <c>SendAsync</c>.
    /// </summary>
    /// <value>
    /// 0, the default, keeps none: a send then waits for a connection. Each message counts with its payload and 64 bytes.
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
    /// Decides whether to connect again after a connection ended or could not be opened. The default is
    /// <see cref="WebSocketDisconnect.IsTransient"/>. Not called once the application has closed the client.
    /// </summary>
    /// <remarks>Must not block. An exception that it throws ends the client.</remarks>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public Func<WebSocketDisconnect, bool> ShouldReconnect
    {
        get;
        init => field = OptionChecks.NotNull(value, nameof(ShouldReconnect));
    } = static disconnect => disconnect.IsTransient;

    /// <summary>
    /// Called for each change of the status, in order, one call at a time. Must not block. An exception that it throws is logged
    /// and otherwise ignored.
    /// </summary>
    public Action<WebSocketReconnectStatus>? OnStatusChanged { get; init; }

    /// <summary>The default of <see cref="FirstDelay"/>.</summary>
    internal static TimeSpan DefaultFirstDelay { get; } = TimeSpan.FromSeconds(5);

    /// <summary>The options of each connection, without a copy.</summary>
    internal WebSocketClientOptions OwnClient => _client;

    /// <summary>Returns a random number from 0 to 1. Tests replace it.</summary>
    internal Func<double> NextRandom { get; init; } =
        static () => RandomNumberGenerator.GetInt32(int.MaxValue) / (double)int.MaxValue;
}
