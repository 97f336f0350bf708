namespace Sockeye;

/// <summary>How one message, or one broadcast, is sent. The default value sends it as a call without options does.</summary>
public readonly record struct WebSocketSendOptions
{
    private readonly bool _isUncompressed;

    /// <summary>
    /// Whether the message may be compressed if compression was negotiated (RFC 7692) and the message is long enough. A prepared message
    /// is compressed only if it was prepared for that as well. The default is <see langword="true"/>.
    /// </summary>
    public bool Compress
    {
        get => !_isUncompressed;
        init => _isUncompressed = !value;
    }

    /// <summary>
    /// What the message is the newest state of, such as the symbol of a price: under
    /// <see cref="WebSocketSlowConsumerPolicy.LatestPerKey"/> it replaces the message with the same key that still waits.
    /// </summary>
    /// <value>
    /// The default, <see langword="null"/>, sends a message without a key, or a prepared message with its
    /// <see cref="WebSocketPreparedMessage.Key"/>. Compared by its characters. Other policies ignore it.
    /// </value>
    public string? Key { get; init; }

    /// <summary>The policy for this message; <see langword="null"/>, the default, for that of the connection.</summary>
    /// <value>
    /// <see cref="WebSocketSlowConsumerPolicy.Close"/> uses the connection's <see cref="SlowConsumerOptions.CloseAfter"/>.
    /// </value>
    /// <exception cref="ArgumentOutOfRangeException">The value is not a member of the enumeration.</exception>
    public WebSocketSlowConsumerPolicy? SlowConsumer
    {
        get;
        init => field = value is null || Enum.IsDefined(value.Value)
            ? value
            : throw new ArgumentOutOfRangeException(nameof(SlowConsumer), value, "Must be a policy.");
    }

    /// <summary>Returns these options with the key of a prepared message, unless they have one.</summary>
    internal WebSocketSendOptions With(WebSocketPreparedMessage message) => Key is null ? this with { Key = message.Key } : this;
}
