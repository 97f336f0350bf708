using System.Buffers;
using System.Net;
using Sockeye.Protocol;
using Sockeye.Transports;
using SocketAddress = Sockeye.Transports.Loops.SocketAddress;

namespace Sockeye.Server;

/// <summary>Decides about connections that have just been accepted, before anything of them is read.</summary>
/// <remarks>
/// The kernel gives out the lowest descriptor that is free: the number of a new one says, without a system call, how many there
/// are at least. Thread-safe.
/// </remarks>
internal sealed class Admission(ServerContext context)
{
    private readonly WebSocketServerOptions _options = context.Options;
    private readonly LogPace _shortagePace = new(context.Options.TimeProvider);
    private readonly LogPace _acceptPace = new(context.Options.TimeProvider);
    private readonly RefusedConnections _refused = new(context.Wheel);

    // Read when the server starts, and again when it seems to be reached: it may have been raised.
    private volatile int _limit = context.Options.DescriptorLimit();

    /// <summary>
    /// How many connections there may be if the application does not say: so many that there are descriptors for them, for the
    /// handshakes of those that are refused, and for the reserve; <see langword="null"/> for no limit.
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

    /// <summary>Whose limit a connection counts in: not known for those of a Unix socket, and of proxies, which bring many clients.</summary>
    public PeerNetwork NetworkOf(in SocketAddress peer) =>
        context.Proxies is null ? peer.Network : NetworkOf(peer.ToEndPoint());

    /// <summary>As the other overload.</summary>
    public PeerNetwork NetworkOf(EndPoint? peer) =>
        context.Proxies?.Includes(EndPoints.Unmapped(peer)) is true ? default : PeerNetwork.Of((peer as IPEndPoint)?.Address);

    /// <summary>Which limit keeps a connection out, if one does.</summary>
    /// <param name="descriptor">Its descriptor.</param>
    /// <param name="network">Its network, as one of the methods above tells it.</param>
    public WebSocketHandshakeError Check(int descriptor, in PeerNetwork network) =>
        IsShort(descriptor) && !TryMakeRoom(descriptor, network) ? WebSocketHandshakeError.TooManyConnections
        : !context.Pending.HasRoomFor(network) ? WebSocketHandshakeError.TooManyConnectionsFromAddress
        : WebSocketHandshakeError.None;

    /// <summary>Logs a refusal, tells the application, and makes the answer to a connection that was kept out.</summary>
    public ReadOnlyMemory<byte> Refuse(WebSocketHandshakeError error, EndPoint? remote)
    {
        if (error == WebSocketHandshakeError.TooManyConnections && _shortagePace.TryTake())
        {
            context.Logger.DescriptorsShort(_limit, _options.ReservedDescriptors);
        }

        HandshakeRejection rejection = HandshakeFailures.Tell(
            context, error, rejection: null, EndPoints.Unmapped(remote), request: null, detail: null, exception: null);
        var response = new ArrayBufferWriter<byte>();
        ServerResponse.WriteRejection(response, rejection);
        return response.WrittenMemory;
    }

    /// <summary>Closes a connection that was answered: in a moment, or at once if its descriptor is one of the reserve.</summary>
    public void CloseSoon(IDisposable connection, int descriptor)
    {
        if (descriptor >= FirstReserved)
        {
            connection.Dispose();
        }
        else
        {
            _refused.Add(connection);
        }
    }

    /// <summary>Logs that nothing could be accepted: not each time, since it is tried again several times a second.</summary>
    public void NoteAcceptFailed(TimeSpan retryDelay, Exception exception)
    {
        if (_acceptPace.TryTake())
        {
            context.Logger.AcceptFailed(retryDelay, exception);
        }
    }

    private int FirstReserved => _limit == DescriptorLimit.None ? DescriptorLimit.None : _limit - _options.ReservedDescriptors;

    // Below the reserve there is room for those that were answered and are closed in a moment.
    private int FirstRefused => FirstReserved - RefusedConnections.MaxCount;

    // The handshake that gives way frees its descriptor a moment later. Until then the new one must not use the reserve.
    private bool TryMakeRoom(int descriptor, in PeerNetwork network) =>
        descriptor < FirstReserved && context.Pending.TryMakeRoom(network);

    private bool IsShort(int descriptor)
    {
        if (_options.ReservedDescriptors == 0 || descriptor < FirstRefused)
        {
            return false;
        }

        _limit = _options.DescriptorLimit();
        return descriptor >= FirstRefused;
    }
}
