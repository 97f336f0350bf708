using System.Buffers;
using Microsoft.Extensions.Logging;
using Sockeye.Compression;
using Sockeye.Connections.Sending;
using Sockeye.Handshakes;
using Sockeye.Logging;
using Sockeye.Memory;
using Sockeye.Protocol;
using Sockeye.Timing;

namespace Sockeye.Connections;

/// <summary>What all connections of a route or a client share: their options and services.</summary>
internal sealed class ConnectionSettings
{
    private readonly bool _hasKeepAlive;
    private readonly CountedPool _incompletePool;
    private MessageReaderSettings? _compressedReader;

    public ConnectionSettings(
        Role role, WebSocketConnectionOptions options, DeadlineWheel wheel, ILogger logger, ArrayPool<byte>? pool = null,
        MemoryBudget? budget = null, MemoryBudget? incomplete = null)
    {
        Role = role;
        Options = OptionChecks.Connection(options, nameof(options));
        var defaults = RoleDefaults.For(role);
        MaxMessageLength = Limits.MaxMessageLength ?? defaults.MaxMessageLength;
        PausesReceivingWhenSendBufferIsFull =
            options.PauseReceivingWhenSendBufferIsFull ?? defaults.PauseReceivingWhenSendBufferIsFull;
        Wheel = wheel;
        _hasKeepAlive = KeepAlive.PingInterval != Timeout.InfiniteTimeSpan;
        Logger = logger as GuardedLogger ?? new GuardedLogger(logger);
        budget ??= MemoryBudget.Process;
        FrameForm = new FrameForm(role, options.FragmentLength ?? int.MaxValue);
        MaxSendBufferLength = Limits.MaxSendBufferLength;
        SlowConsumerPolicy = options.OwnSlowConsumer.Policy;
        Memory = new MemoryAllowance(budget, Limits.MaxBufferedLength);
        incomplete ??= MemoryBudget.Incomplete;
        Incomplete = new MemoryAllowance(
            incomplete, Limits.MaxIncompleteLength ?? Limits.MaxBufferedLength / LimitOptions.IncompleteFraction);
        UncountedPool = pool ?? LargeArrayPool.Process;
        Pool = new CountedPool(UncountedPool, budget);
        _incompletePool = new CountedPool(Pool, incomplete);
        Reader = ReaderWith(allowedReservedBits: 0);
    }

    /// <summary>Which end this is.</summary>
    public Role Role { get; }

    /// <summary>The form of the frames that are sent.</summary>
    public FrameForm FrameForm { get; }

    /// <summary>The options.</summary>
    public WebSocketConnectionOptions Options { get; }

    /// <summary>The limits among the options.</summary>
    public LimitOptions Limits => Options.OwnLimits;

    /// <summary>The limit of the send buffer, in bytes: here, because every send reads it.</summary>
    public int MaxSendBufferLength { get; }

    /// <summary>What happens to messages for a slow peer, unless a send overrides it.</summary>
    public WebSocketSlowConsumerPolicy SlowConsumerPolicy { get; }

    /// <summary>The keep-alive among the options.</summary>
    public KeepAliveOptions KeepAlive => Options.OwnKeepAlive;

    /// <summary><see cref="LimitOptions.MaxMessageLength"/>, or the default of the role.</summary>
    public long MaxMessageLength { get; }

    /// <summary><see cref="WebSocketConnectionOptions.PauseReceivingWhenSendBufferIsFull"/>, or the default of the role.</summary>
    public bool PausesReceivingWhenSendBufferIsFull { get; }

    /// <summary>Where deadlines are kept, and time comes from.</summary>
    public DeadlineWheel Wheel { get; }

    /// <summary>The tick to note as a sign of life. Without keep-alive the wheel may stand still, and its recent tick be old.</summary>
    public long LifeTick => _hasKeepAlive ? Wheel.RecentTick : Wheel.CurrentTick;

    /// <summary>Where events are logged.</summary>
    public GuardedLogger Logger { get; }

    /// <summary>What they may hold of the memory of the process.</summary>
    public MemoryAllowance Memory { get; }

    /// <summary>What their incomplete messages may hold of that.</summary>
    public MemoryAllowance Incomplete { get; }

    /// <summary>Where buffers come from, and are counted.</summary>
    public ArrayPool<byte> Pool { get; }

    /// <summary>The same pool without the count: where buffers go back to that ceased to count while they were lent.</summary>
    public ArrayPool<byte> UncountedPool { get; }

    /// <summary>The server that the connections belong to; <see langword="null"/> on a client.</summary>
    public IConnectionHost? Host { get; init; }

    /// <summary>What numbers the connections.</summary>
    public ConnectionNumbers Numbers { get; init; } = ConnectionNumbers.Process;

    /// <summary>What a server knows about the requests that opened the connections.</summary>
    public UpgradeScope Scope { get; init; } = UpgradeScope.None;

    /// <summary>The codecs of those connections that compress messages; <see langword="null"/> if none does.</summary>
    public MessageCodecs? Codecs { get; init; }

    /// <summary>What the message readers share.</summary>
    public MessageReaderSettings Reader { get; }

    /// <summary>What those of connections share that compress messages (RFC 7692 §6). Made when the first of them needs it.</summary>
    public MessageReaderSettings CompressedReader => _compressedReader ??= ReaderWith(FrameHeader.Rsv1);

    private MessageReaderSettings ReaderWith(byte allowedReservedBits) => new(
        new FrameRules(Role, allowedReservedBits, Options.AllowNonMinimalLengths),
        MaxMessageLength,
        Options.DeliverFragments,
        _incompletePool)
    {
        HasRoomFor = length => Memory.HasRoomFor(length) && Incomplete.HasRoomFor(length),
        UncheckedLength = MemoryAllowance.UncheckedLength,
    };
}
