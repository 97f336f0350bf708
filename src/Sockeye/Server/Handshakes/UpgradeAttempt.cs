using Sockeye.Connections;
using Sockeye.Protocol;
using Sockeye.Server.Routes;
using Sockeye.Transports;

namespace Sockeye.Server.Handshakes;

/// <summary>
/// An opening handshake whose request has arrived: what <see cref="UpgradeSteps"/> have found out about the request, and the place among
/// the connections that it takes.
/// </summary>
/// <remarks>
/// Most handshakes are decided in the call that receives the request. So that those leave no garbage, each thread reuses one object.
/// </remarks>
internal sealed class UpgradeAttempt
{
    private const int NoPlace = 0;
    private const int HoldsPlace = 1;

    [ThreadStatic]
    private static UpgradeAttempt? Spare;

    // Null in a spare object, which must not keep a connection or a server alive.
    private ServerContext? _server;
    private Transport? _transport;
    private ConnectionSettings? _settings;
    private ServerRoute? _route;
    private byte[]? _packedHead;
    private PeerNetwork _network;
    private int _place;

    /// <summary>Begins with a request that has arrived.</summary>
    /// <param name="server">The rules and the connections of the server.</param>
    /// <param name="transport">The transport that the request came over.</param>
    /// <param name="settings">The settings of connections without a route.</param>
    public UpgradeAttempt(ServerContext server, Transport transport, ConnectionSettings settings)
    {
        _server = server;
        _transport = transport;
        _settings = settings;
        _route = server.Fallback;
    }

    /// <summary>The rules and the connections of the server.</summary>
    public ServerContext Server => _server ?? throw Returned();

    /// <summary>The transport that the request came over.</summary>
    public Transport Transport => _transport ?? throw Returned();

    /// <summary>The route of the request; that of requests without a route until it is known.</summary>
    public ServerRoute Route
    {
        get => _route ?? throw Returned();
        set => _route = value;
    }

    /// <summary>What the connection will share with others of its route.</summary>
    public ConnectionSettings Settings
    {
        get => _settings ?? throw Returned();
        set => _settings = value;
    }

    /// <summary>The route that another router has found; <see langword="null"/> to find one among those of the server.</summary>
    public ServerRoute? GivenRoute { get; init; }

    /// <summary>The values of the route's parameters that another router has found; <see langword="null"/> to take them from the path.</summary>
    public IReadOnlyList<KeyValuePair<string, string>>? GivenRouteValues { get; init; }

    /// <summary>
    /// Receives the messages, unless the decision of the application names another handler; <see langword="null"/> for that of the route.
    /// </summary>
    public WebSocketHandler? GivenHandler { get; set; }

    /// <summary>What the HTTP server that has read the request knows of it; <see langword="null"/> if there is none.</summary>
    public object? Origin { get; init; }

    /// <summary>Whether the method is HEAD, so that the response has no body (RFC 9110 §9.3.2).</summary>
    public bool IsHead { get; set; }

    /// <summary>The subprotocol, unless the application's decision names another.</summary>
    public string? Subprotocol { get; set; }

    /// <summary>The response to the offers of permessage-deflate; <see langword="null"/> declines them.</summary>
    public PerMessageDeflateParameters? Deflate { get; set; }

    /// <summary>
    /// The rule by which a plain HTTP request is rejected if the application does not respond to it;
    /// <see cref="WebSocketHandshakeError.None"/> for an opening handshake.
    /// </summary>
    public WebSocketHandshakeError PlainError { get; set; }

    /// <summary>What was rejected, and what it was compared with: see <see cref="RejectionDetail"/>.</summary>
    public string? Detail { get; set; }

    /// <summary>The exception of the application that caused the rejection.</summary>
    public Exception? Exception { get; set; }

    /// <summary>The decision of the application, once it has been asked and did not decide in place.</summary>
    public PendingDecision? Pending { get; set; }

    /// <summary>Whether this is a plain HTTP request to which the application may respond.</summary>
    public bool IsPlain => PlainError != WebSocketHandshakeError.None;

    /// <summary>Whether the application decides.</summary>
    public bool IsDecidedByApplication => IsPlain || Route.OnUpgrade is not null;

    /// <summary>The head of the request, packed.</summary>
    /// <exception cref="InvalidOperationException">The head was not kept.</exception>
    public byte[] PackedHead => _packedHead ?? throw new InvalidOperationException("The head of the request was not kept.");

    /// <summary>The request, as the application sees it.</summary>
    /// <exception cref="InvalidOperationException">The head was not kept.</exception>
    public WebSocketUpgradeRequest Request => RequestOver(Transport);

    /// <summary>The same; <see langword="null"/> if the head was not kept.</summary>
    public WebSocketUpgradeRequest? RequestIfKept => _packedHead is null ? null : Request;

    /// <summary>What a connection keeps of the request: the packed head, if there is nothing else.</summary>
    /// <param name="transport">Its transport, which has the addresses.</param>
    public object OpeningOver(Transport transport) =>
        GivenRouteValues is null && Origin is null ? PackedHead : RequestOver(transport);

    /// <summary>Like the constructor, with the object that this thread has returned last.</summary>
    public static UpgradeAttempt Rent(ServerContext server, Transport transport, ConnectionSettings settings)
    {
        if (Spare is not { } attempt)
        {
            return new UpgradeAttempt(server, transport, settings);
        }

        Spare = null;
        attempt._server = server;
        attempt._transport = transport;
        attempt._settings = settings;
        attempt._route = server.Fallback;
        return attempt;
    }

    /// <summary>Returns the object, which must not be used any more.</summary>
    public void Return()
    {
        _server = null;
        _transport = null;
        _settings = null;
        _route = null;
        _packedHead = null;
        _network = default;
        _place = NoPlace;
        IsHead = false;
        Subprotocol = null;
        Deflate = null;
        PlainError = WebSocketHandshakeError.None;
        Detail = null;
        Exception = null;
        Pending = null;
        GivenHandler = null;
        Spare = this;
    }

    /// <summary>Keeps a copy of the head, unless there is one.</summary>
    public void Keep(ReadOnlySpan<byte> head) => _packedHead ??= RequestBytes.Pack(Settings.Pool, head);

    /// <summary>Describes why the request is rejected.</summary>
    public RejectionCause CauseOf(WebSocketHandshakeError error) => new(error, RequestIfKept, Detail, Exception);

    /// <summary>Asks the application. Propagates its exceptions.</summary>
    public ValueTask<WebSocketUpgradeDecision> AskAsync(CancellationToken cancellationToken) =>
        IsPlain && Route.OnPlainRequest is { } respond ? PlainRequestDecision.AskAsync(respond, Request, cancellationToken)
        : Route.OnUpgrade is { } decide ? decide(Request, cancellationToken)
        : throw new InvalidOperationException("The application has no callback that decides.");

    /// <summary>Takes a place among the connections, if one is free. The head must have been kept.</summary>
    /// <returns>The cap that is reached, if one is.</returns>
    public WebSocketHandshakeError TryTakePlace()
    {
        // The address is determined only if it counts: a trusted proxy has written it in the head.
        ConnectionCaps caps = Server.Connections.Caps;
        _network = caps.CountsAddresses ? PeerNetwork.Of(Request.ClientIPAddress) : default;
        WebSocketHandshakeError error = caps.TryEnter(_network);
        _place = error == WebSocketHandshakeError.None ? HoldsPlace : NoPlace;
        return error;
    }

    /// <summary>Hands the place over to the connection, which leaves it when it ends.</summary>
    public void HandOverPlace(ConnectionCore connection)
    {
        if (Interlocked.Exchange(ref _place, NoPlace) == HoldsPlace)
        {
            Server.Connections.Caps.HandOver(_network, connection);
        }
    }

    /// <summary>Leaves the place, if it is held. Thread-safe.</summary>
    public void LeavePlace()
    {
        if (Interlocked.Exchange(ref _place, NoPlace) == HoldsPlace)
        {
            Server.Connections.Caps.Leave(_network);
        }
    }

    private WebSocketUpgradeRequest RequestOver(Transport transport) =>
        new(PackedHead, transport, Settings.Scope, GivenRouteValues) { HttpOrigin = Origin };

    private static InvalidOperationException Returned() => new("The object was returned.");
}
