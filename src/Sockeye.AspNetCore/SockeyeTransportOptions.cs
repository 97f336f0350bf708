using System.Net;

namespace Sockeye.AspNetCore;

/// <summary>Options of Sockeye's transport for Kestrel. Immutable.</summary>
public sealed record SockeyeTransportOptions
{
    private const int MaxBacklog = 65_535;

    /// <summary>
    /// Selects the addresses that the transport serves; <see langword="null"/>, the default, for all TCP addresses and Unix sockets. Kestrel's
    /// own transport serves the others, and all of them on systems without event loops.
    /// </summary>
    public Func<EndPoint, bool>? Serves { get; init; }

    /// <summary>The event loops, which all addresses share.</summary>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public EventLoopOptions EventLoop
    {
        get;
        init => field = value ?? throw new ArgumentNullException(nameof(EventLoop));
    } = EventLoopOptions.Default;

    /// <summary>What the operating system buffers for a connection.</summary>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public SocketOptions Socket
    {
        get;
        init => field = value ?? throw new ArgumentNullException(nameof(Socket));
    } = SocketOptions.Default;

    /// <summary>How many connections may wait to be accepted, for each address; the system may limit it further.</summary>
    /// <value>1 to 65,535. The default is 512.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1 or more than 65,535.</exception>
    public int Backlog
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1, nameof(Backlog));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, MaxBacklog, nameof(Backlog));
            field = value;
        }
    } = 512;

    /// <summary>How many bytes of a connection are received before the server has read them, as long as it speaks HTTP.</summary>
    /// <value>At least 1 byte. The default is 1 MiB.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public long MaxReadBufferLength
    {
        get;
        init => field = AtLeastOne(value, nameof(MaxReadBufferLength));
    } = 1024 * 1024;

    /// <summary>How many bytes the server writes to a connection before it waits for the client, as long as it speaks HTTP.</summary>
    /// <value>At least 1 byte. The default is 64 KiB.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public long MaxWriteBufferLength
    {
        get;
        init => field = AtLeastOne(value, nameof(MaxWriteBufferLength));
    } = 64 * 1024;

    private static long AtLeastOne(long value, string name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, 1, name);
        return value;
    }
}
