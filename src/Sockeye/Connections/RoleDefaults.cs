using Sockeye.Protocol;

namespace Sockeye.Connections;

/// <summary>
/// The defaults that differ between a server and a client. All other options have one default, which is written beside the option.
/// </summary>
/// <remarks>
/// Such an option is nullable, and <see langword="null"/> stands for the value here. It is replaced where a server or a client uses the
/// options, because only there the role is known. Each property has the name of its option.
/// </remarks>
internal sealed record RoleDefaults
{
    // ws allows 100 MiB, which its users found too much for a server; python-websockets allows 1 MiB.
    private const long ServerMaxMessageLength = 1024 * 1024;

    // A client chooses its server and asks for the messages that it gets.
    private const long ClientMaxMessageLength = 16 * 1024 * 1024;

    private static readonly RoleDefaults Server = new()
    {
        MaxMessageLength = ServerMaxMessageLength,
        PauseReceivingWhenSendBufferIsFull = true,
        Compression = PerMessageDeflateOptions.Disabled,
    };

    private static readonly RoleDefaults Client = new()
    {
        MaxMessageLength = ClientMaxMessageLength,

        // If both ends paused, and both sent much, each would wait for the other to read.
        PauseReceivingWhenSendBufferIsFull = false,
        Compression = PerMessageDeflateOptions.Default,
    };

    /// <summary>The default of <see cref="LimitOptions.MaxMessageLength"/>.</summary>
    public required long MaxMessageLength { get; init; }

    /// <summary>The default of <see cref="WebSocketConnectionOptions.PauseReceivingWhenSendBufferIsFull"/>.</summary>
    public required bool PauseReceivingWhenSendBufferIsFull { get; init; }

    /// <summary>
    /// The default of <see cref="WebSocketAcceptorOptions.Compression"/> and <see cref="WebSocketClientOptions.Compression"/>: one object
    /// for each role, so that all servers or clients with it share their codecs.
    /// </summary>
    public required PerMessageDeflateOptions Compression { get; init; }

    /// <summary>The defaults of a role.</summary>
    public static RoleDefaults For(Role role) => role == Role.Server ? Server : Client;
}
