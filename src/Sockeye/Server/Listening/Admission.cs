using System.Buffers;
using System.Net;
using Sockeye.Protocol;
using Sockeye.Telemetry;
using Sockeye.Transports;
using SocketAddress = Sockeye.Transports.Loops.SocketAddress;

namespace Sockeye.Server.Listening;

/// <summary>Decides about connections that have just been accepted, before anything is read from them.</summary>
/// <remarks>
/// The kernel assigns the lowest free descriptor: the number of a new one is, without a system call, a lower bound of how many are in use.
/// Thread-safe.
/// </remarks>
internal sealed class Admission(ServerContext context, WebSocketServerOptions options)
{
    private readonly LogPace _shortagePace = new(options.TimeProvider);
    private readonly LogPace _acceptPace = new(options.TimeProvider);
    private readonly RejectedSockets _rejected = new(context.Wheel);

    // Read when the server starts, and again when it seems to be reached, because it may have been raised.
    private volatile int _limit = options.DescriptorLimit();

    /// <summary>
    /// The maximum number of connections if the application sets none: as many as there are descriptors for, besides those for the
    /// handshakes of rejected clients and the reserve; <see langword="null"/> for no limit.
    /// </summary>
    public static int? DefaultMaxConnections(WebSocketServerOptions options)
    {
        int limit = options.DescriptorLimit();
        if (limit == DescriptorLimit.None)
        {
            return null;
        }

        long forHandshakes = options.ReservedDescriptors / 2;
        return (int)Math.Max(1, limit - (long)DescriptorLimit.CountInUse() - options.ReservedDescriptors - forHandshakes);
    }

    /// <summary>Like <see cref="ServerContext.NetworkOf"/>, of an address that is not an object.</summary>
    public PeerNetwork NetworkOf(in SocketAddress peer) =>
        context.Proxies is null ? peer.Network : context.NetworkOf(peer.ToEndPoint());

    /// <summary>Returns the limit that a connection would exceed, if there is one.</summary>
    /// <param name="descriptor">Its descriptor.</param>
    /// <param name="network">The network of the client.</param>
    public WebSocketHandshakeError Check(int descriptor, in PeerNetwork network) =>
        IsShort(descriptor) && !TryMakeRoom(descriptor, network) ? WebSocketHandshakeError.TooManyConnections
        : !context.Pending.HasRoomFor(network) ? WebSocketHandshakeError.TooManyConnectionsFromAddress
        : WebSocketHandshakeError.None;

    /// <summary>Reports a connection that exceeds a limit, and returns the response.</summary>
    /// <param name="error">The limit.</param>
    /// <param name="remote">The client's address.</param>
    /// <param name="isSecure">Whether the client was about to use TLS.</param>
    public ReadOnlyMemory<byte> Reject(WebSocketHandshakeError error, EndPoint? remote, bool isSecure)
    {
        if (error == WebSocketHandshakeError.TooManyConnections && _shortagePace.TryTake())
        {
            context.Logger.DescriptorsShort(_limit, options.ReservedDescriptors);
        }

        var measured = MeasuredHandshake.Begin(options.TimeProvider);
        HandshakeRejection rejection = context.Failures.Reject(new(error), EndPoints.Unmapped(remote));
        measured?.Fail(GroupOf(remote, isSecure), rejection.StatusCode, error);
        var response = new ArrayBufferWriter<byte>();
        ServerResponse.WriteRejection(response, rejection);
        return response.WrittenMemory;
    }

    /// <summary>Closes a rejected connection: in a moment, or at once if its descriptor is one of the reserve.</summary>
    public void CloseSoon(IDisposable connection, int descriptor)
    {
        if (descriptor >= FirstReserved)
        {
            connection.Dispose();
        }
        else
        {
            _rejected.Add(connection);
        }
    }

    /// <summary>Logs that accepting failed. Not each time, because it is retried several times a second.</summary>
    public void NoteAcceptFailed(TimeSpan retryDelay, Exception exception)
    {
        if (_acceptPace.TryTake())
        {
            context.Logger.AcceptFailed(retryDelay, exception);
        }
    }

    private ConnectionGroup GroupOf(EndPoint? remote, bool isSecure) =>
        context.SettingsOn(context.Wheel, isSecure).Scope.Groups.For(
            Role.Server, remote is IPEndPoint ? NetworkTransport.Tcp : NetworkTransport.Unix);

    private int FirstReserved => _limit == DescriptorLimit.None ? DescriptorLimit.None : _limit - options.ReservedDescriptors;

    // The descriptors right below the reserve are for rejected connections that are closed in a moment.
    private int FirstRejected => FirstReserved - RejectedSockets.MaxCount;

    // The handshake that gives way frees its descriptor a moment later. Until then the new connection must not use the reserve.
    private bool TryMakeRoom(int descriptor, in PeerNetwork network) =>
        descriptor < FirstReserved && context.Pending.TryMakeRoom(network);

    private bool IsShort(int descriptor)
    {
        if (options.ReservedDescriptors == 0 || descriptor < FirstRejected)
        {
            return false;
        }

        _limit = options.DescriptorLimit();
        return descriptor >= FirstRejected;
    }
}
