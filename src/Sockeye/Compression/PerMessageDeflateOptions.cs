using System.IO.Compression;
using Sockeye.Protocol;

namespace Sockeye;

/// <summary>The options of compression with permessage-deflate (RFC 7692), which is used if the peer agrees.</summary>
/// <remarks>
/// <para>
/// Immutable. Adjust a copy: <c>PerMessageDeflateOptions.Shared with { … }</c>. Each preset is a new object each time it is read.
/// </para>
/// <para>
/// Compression trades processor time and memory for bandwidth. An encoder takes about 144 KiB, 4 times its window, and 2 to the
/// power of (<see cref="MemoryLevel"/> + 8) bytes: 307 KiB by default. A decoder takes its window and about 15 KiB: 42 KiB at
/// most. The two presets differ in how many of them there are.
/// </para>
/// <para>
/// Do not compress secrets together with text that an attacker chooses: the compressed length reveals what is in the window (§8).
/// Send such messages uncompressed.
/// </para>
/// </remarks>
public sealed record PerMessageDeflateOptions
{
    /// <summary>The context takeover that the peer requests, and the largest window.</summary>
    public static PerMessageDeflateOptions Default => new();

    /// <summary>
    /// No context between messages, in either direction: codecs are rented for one message at a time, all connections share a
    /// few, and an idle connection holds no memory for compression.
    /// </summary>
    public static PerMessageDeflateOptions Shared => new()
    {
        ServerContextTakeover = false,
        ClientContextTakeover = false,
    };

    /// <summary>
    /// Context is kept between messages, in windows of 4 KiB, which makes short messages that resemble each other much shorter:
    /// messages of 64 bytes and more are compressed. A connection holds 167 KiB for its encoder while it is in use, and 19 KiB for
    /// its decoder.
    /// </summary>
    public static PerMessageDeflateOptions Dedicated => new()
    {
        ServerMaxWindowBits = 12,
        ClientMaxWindowBits = 12,
        MemoryLevel = 5,
        MinimumLength = 64,
    };

    /// <summary>No compression: a client does not offer it, and a server declines it.</summary>
    public static PerMessageDeflateOptions Disabled => new() { IsEnabled = false };

    /// <summary>
    /// Whether messages are compressed. The default is <see langword="true"/>; with <see langword="false"/> the other options have
    /// no effect.
    /// </summary>
    public bool IsEnabled { get; init; } = true;

    /// <summary>Whether messages of the server may refer to earlier ones (§7.1.1.1).</summary>
    /// <value>
    /// <see langword="false"/>: never; a client requests that. <see langword="true"/>: a server declines an offer that forbids
    /// it. <see langword="null"/>, the default: as the client requests.
    /// </value>
    public bool? ServerContextTakeover { get; init; }

    /// <summary>Whether messages of the client may refer to earlier ones (§7.1.1.2).</summary>
    /// <value>
    /// <see langword="false"/>: never; a server requires that. <see langword="true"/>: a client rejects a response with that
    /// requirement. <see langword="null"/>, the default: as the peer requests.
    /// </value>
    public bool? ClientContextTakeover { get; init; }

    /// <summary>The maximum window of the server's messages: how far back they may refer (§7.1.2.1).</summary>
    /// <value>
    /// 9 to 15, the base-2 logarithm of bytes: 512 bytes to 32 KiB. <see langword="null"/>, the default, leaves it to the
    /// peer. A client requests it, and a server never exceeds it.
    /// </value>
    /// <remarks>8 is not allowed, since zlib cannot compress with 256 bytes; a server that announces 8 is supported.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is not 9 to 15.</exception>
    public int? ServerMaxWindowBits
    {
        get;
        init => field = WindowBits(value, nameof(ServerMaxWindowBits));
    }

    /// <summary>The maximum window of the client's messages: how far back they may refer (§7.1.2.2).</summary>
    /// <value>
    /// 9 to 15, the base-2 logarithm of bytes: 512 bytes to 32 KiB. <see langword="null"/>, the default, leaves it to the
    /// peer. A client never exceeds it, and a server requests it from clients that allow that.
    /// </value>
    /// <remarks>8 is not allowed, since zlib cannot compress with 256 bytes; a client that announces 8 is supported.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is not 9 to 15.</exception>
    public int? ClientMaxWindowBits
    {
        get;
        init => field = WindowBits(value, nameof(ClientMaxWindowBits));
    }

    /// <summary>
    /// Whether a server declines the offer of a client that does not allow a limit for its window (§7.1.2.2), and serves the
    /// client without compression. The default is <see langword="false"/>: the decoders of such clients take 42 KiB.
    /// </summary>
    public bool RequireClientMaxWindowBits { get; init; }

    /// <summary>How thoroughly the encoder searches for repetitions.</summary>
    /// <value>1, the fastest, to 9, the smallest. The default is 5.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is not 1 to 9.</exception>
    // docs/design/0004 has the measurements.
    public int Level
    {
        get;
        init => field = OneToNine(value, nameof(Level));
    } = 5;

    /// <summary>How many symbols the encoder collects before it writes them with a code of their own.</summary>
    /// <value>
    /// 1 to 9, for 2 to the power of (this + 6) symbols of 4 bytes. The default is 8, as in zlib: 64 KiB.
    /// </value>
    /// <exception cref="ArgumentOutOfRangeException">The value is not 1 to 9.</exception>
    public int MemoryLevel
    {
        get;
        init => field = OneToNine(value, nameof(MemoryLevel));
    } = 8;

    /// <summary>The kind of data that the encoder expects. The default is right for text.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not a member of the enumeration.</exception>
    public ZLibCompressionStrategy Strategy
    {
        get;
        init => field = Enum.IsDefined(value)
            ? value
            : throw new ArgumentOutOfRangeException(nameof(Strategy), value, "Must be one of the enumeration.");
    }

    /// <summary>The minimum length of a message that is compressed, in bytes.</summary>
    /// <value>
    /// 0 for all messages, or more. The default is 1,024: a shorter message fits into one packet either way. <see cref="Dedicated"/>
    /// has 64, because short messages profit most from context. For a message that is sent in fragments, the length of the first
    /// one counts.
    /// </value>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public int MinimumLength
    {
        get;
        init => field = value >= 0
            ? value
            : throw new ArgumentOutOfRangeException(nameof(MinimumLength), value, "Must be at least 0.");
    } = 1_024;

    /// <summary>
    /// How long a connection must have sent nothing compressed before its encoder is returned. Its next message then does not
    /// refer to earlier ones, which is always legal. Only where context is kept: otherwise no encoder is held between messages.
    /// </summary>
    /// <value>
    /// 1 second to a day, or <see cref="Timeout.InfiniteTimeSpan"/> to keep it. The default is 30 seconds. Accurate to a tenth of
    /// a second.
    /// </value>
    /// <exception cref="ArgumentOutOfRangeException">The value is under a second or over a day.</exception>
    public TimeSpan EncoderIdleTimeout
    {
        get;
        init => field = value == Timeout.InfiniteTimeSpan || (value >= TimeSpan.FromSeconds(1) && value <= TimeSpan.FromDays(1))
            ? value
            : throw new ArgumentOutOfRangeException(nameof(EncoderIdleTimeout), value, "Must be 1 second to a day.");
    } = TimeSpan.FromSeconds(30);

    /// <summary>Returns the options that concern the negotiation.</summary>
    internal PerMessageDeflateRules ToRules() => new()
    {
        ServerContextTakeover = ServerContextTakeover,
        ClientContextTakeover = ClientContextTakeover,
        ServerMaxWindowBits = ServerMaxWindowBits,
        ClientMaxWindowBits = ClientMaxWindowBits,
        RequireClientMaxWindowBits = RequireClientMaxWindowBits,
    };

    private static int? WindowBits(int? value, string name) =>
        value is null or (>= PerMessageDeflateNegotiation.MinDeflateWindowBits and <= PerMessageDeflateParameters.MaxWindowBits)
            ? value
            : throw new ArgumentOutOfRangeException(name, value, "Must be 9 to 15, or null.");

    private static int OneToNine(int value, string name) => value is >= 1 and <= 9
        ? value
        : throw new ArgumentOutOfRangeException(name, value, "Must be 1 to 9.");
}
