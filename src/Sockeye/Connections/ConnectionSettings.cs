using System.Buffers;
using Microsoft.Extensions.Logging;
using Sockeye.Protocol;
using Sockeye.Timing;

namespace Sockeye.Connections;

/// <summary>What all connections of one server or client share.</summary>
internal sealed class ConnectionSettings
{
    public ConnectionSettings(
        Role role, WebSocketConnectionOptions options, DeadlineWheel wheel, ILogger logger, ArrayPool<byte>? pool = null,
        Action<ConnectionCore>? onClosed = null)
    {
        Role = role;
        Options = options;
        Wheel = wheel;
        Logger = logger;
        OnClosed = onClosed;
        Pool = pool ?? ArrayPool<byte>.Shared;
        Reader = new MessageReaderSettings(
            new FrameRules(role, AllowedReservedBits: 0, options.AllowNonMinimalLengths),
            options.Limits.MaxMessageLength,
            options.DeliverFragments,
            Pool);
    }

    /// <summary>Which end this is.</summary>
    public Role Role { get; }

    /// <summary>What the user has set.</summary>
    public WebSocketConnectionOptions Options { get; }

    /// <summary>Where deadlines are kept, and time comes from.</summary>
    public DeadlineWheel Wheel { get; }

    /// <summary>Where events are logged.</summary>
    public ILogger Logger { get; }

    /// <summary>Where buffers come from.</summary>
    public ArrayPool<byte> Pool { get; }

    /// <summary>Told when a connection has ended, before anybody else.</summary>
    public Action<ConnectionCore>? OnClosed { get; }

    /// <summary>Whether the connections are over TLS.</summary>
    public bool IsSecure { get; init; }

    /// <summary>What the message readers share.</summary>
    public MessageReaderSettings Reader { get; }
}
