using System.Net;
using System.Net.Security;

namespace Sockeye.Hosting.Configuration;

/// <summary>Reads the options of acceptors, servers and stops.</summary>
internal static class ServerSections
{
    /// <summary>Reads which opening handshakes are accepted, and how the connections behave.</summary>
    /// <param name="section">The section.</param>
    /// <param name="current">The options; those of a server keep what only a server has.</param>
    public static WebSocketAcceptorOptions Read(OptionSection section, WebSocketAcceptorOptions current) =>
        section.Apply(current, options => With(section, options));

    /// <summary>Reads where a server listens, and the same as for an acceptor.</summary>
    /// <param name="section">The section.</param>
    /// <param name="current">The options.</param>
    /// <param name="certificates">Loads the certificate that a section names.</param>
    public static WebSocketServerOptions Read(
        OptionSection section, WebSocketServerOptions current, CertificateFiles certificates) =>
        section.Apply(current, options => (WebSocketServerOptions)With(section, options) with
        {
            EndPoint = section.Parsed(nameof(options.EndPoint), options.EndPoint, EndPointText.Parse),
            EndPoints = section.Items(
                nameof(options.EndPoints), options.EndPoints, (list, key) => ReadEndPoint(list, key, certificates)),
            Backlog = section.Number(nameof(options.Backlog), options.Backlog),
            EventLoop = section.Nested(nameof(options.EventLoop), options.EventLoop, nested => Read(nested, options.EventLoop)),
            Tls = section.Nested(nameof(options.Tls), options.Tls, nested => certificates.Read(nested) ?? options.Tls),
            TlsEngine = section.Choice(nameof(options.TlsEngine), options.TlsEngine),
            ReservedDescriptors = section.Number(nameof(options.ReservedDescriptors), options.ReservedDescriptors),
            Socket = section.Nested(nameof(options.Socket), options.Socket, nested => Read(nested, options.Socket)),
        });

    /// <summary>Reads how a server or an acceptor stops.</summary>
    public static WebSocketStopOptions Read(OptionSection section, WebSocketStopOptions current) =>
        section.Apply(current, options => options with
        {
            DrainTimeout = section.Time(nameof(options.DrainTimeout), options.DrainTimeout),
            ClosePeriod = section.Time(nameof(options.ClosePeriod), options.ClosePeriod),
            AbortTimeout = section.Time(nameof(options.AbortTimeout), options.AbortTimeout),
            CloseCode = section.Choice(nameof(options.CloseCode), options.CloseCode),
            CloseReason = section.Text(nameof(options.CloseReason), options.CloseReason),
        });

    private static WebSocketAcceptorOptions With(OptionSection section, WebSocketAcceptorOptions options) => options with
    {
        Subprotocols = section.Texts(nameof(options.Subprotocols), options.Subprotocols),
        RequireSubprotocol = section.Flag(nameof(options.RequireSubprotocol), options.RequireSubprotocol),
        AllowedOrigins = section.Texts(nameof(options.AllowedOrigins), options.AllowedOrigins),
        DangerousAllowAnyOrigin = section.Flag(nameof(options.DangerousAllowAnyOrigin), options.DangerousAllowAnyOrigin),
        AllowedHosts = section.Texts(nameof(options.AllowedHosts), options.AllowedHosts),
        TrustedProxies = section.List(nameof(options.TrustedProxies), options.TrustedProxies, ParseNetwork),
        ForwardedHeader = section.Choice(nameof(options.ForwardedHeader), options.ForwardedHeader),
        TrustUnixSocketProxies = section.Flag(nameof(options.TrustUnixSocketProxies), options.TrustUnixSocketProxies),
        MaxConnections = section.Number(nameof(options.MaxConnections), options.MaxConnections),
        MaxConnectionsPerAddress = section.Number(nameof(options.MaxConnectionsPerAddress), options.MaxConnectionsPerAddress),
        MaxPendingHandshakes = section.Number(nameof(options.MaxPendingHandshakes), options.MaxPendingHandshakes),
        MaxPendingHandshakesPerAddress = section.Number(
            nameof(options.MaxPendingHandshakesPerAddress), options.MaxPendingHandshakesPerAddress),
        Compression = section.Nested(
            nameof(options.Compression), options.Compression, nested => ConnectionSections.Read(nested, options.Compression)),
        AllowVersion8 = section.Flag(nameof(options.AllowVersion8), options.AllowVersion8),
        TrackConnections = section.Flag(nameof(options.TrackConnections), options.TrackConnections),
        HandshakeTimeout = section.Time(nameof(options.HandshakeTimeout), options.HandshakeTimeout),
        HandshakeLimits = section.Nested(
            nameof(options.HandshakeLimits), options.HandshakeLimits, nested => Read(nested, options.HandshakeLimits)),
        Connection = section.Nested(
            nameof(options.Connection), options.Connection, nested => ConnectionSections.Read(nested, options.Connection)),
    };

    private static HandshakeLimitOptions Read(OptionSection section, HandshakeLimitOptions current) =>
        section.Apply(current, options => options with
        {
            MaxRequestLineLength = section.Number(nameof(options.MaxRequestLineLength), options.MaxRequestLineLength),
            MaxHeaderLineLength = section.Number(nameof(options.MaxHeaderLineLength), options.MaxHeaderLineLength),
            MaxHeadLength = section.Number(nameof(options.MaxHeadLength), options.MaxHeadLength),
            MaxHeaderCount = section.Number(nameof(options.MaxHeaderCount), options.MaxHeaderCount),
        });

    private static EventLoopOptions Read(OptionSection section, EventLoopOptions current) =>
        section.Apply(current, options => options with
        {
            IsEnabled = section.Flag(nameof(options.IsEnabled), options.IsEnabled),
            Count = section.Number(nameof(options.Count), options.Count),
            SlowCallbackThreshold = section.Time(nameof(options.SlowCallbackThreshold), options.SlowCallbackThreshold),
        });

    private static SocketOptions Read(OptionSection section, SocketOptions current) =>
        section.Apply(current, options => options with
        {
            SendBufferLength = section.Number(nameof(options.SendBufferLength), options.SendBufferLength),
            ReceiveBufferLength = section.Number(nameof(options.ReceiveBufferLength), options.ReceiveBufferLength),
            MaxUnsentLength = section.Number(nameof(options.MaxUnsentLength), options.MaxUnsentLength),
        });

    // "127.0.0.1:8080", or an object with TLS of its own.
    private static IEnumerable<WebSocketEndPoint> ReadEndPoint(OptionSection list, string key, CertificateFiles certificates)
    {
        WebSocketEndPoint? none = null;
        WebSocketEndPoint? endPoint = list.Nested(key, none, item =>
        {
            if (item.Value is not null)
            {
                return list.Parsed(key, none, static text => new WebSocketEndPoint(EndPointText.Parse(text)));
            }

            if (!item.Has(nameof(WebSocketEndPoint.EndPoint)))
            {
                item.Fail(nameof(WebSocketEndPoint.EndPoint), "is missing.");
            }

            EndPoint address = item.Parsed(nameof(WebSocketEndPoint.EndPoint), new IPEndPoint(IPAddress.Loopback, 0), EndPointText.Parse);
            SslServerAuthenticationOptions? plain = null;
            return item.Apply(new WebSocketEndPoint(address), options => options with
            {
                DualStack = item.Flag(nameof(options.DualStack), options.DualStack),
                Tls = item.Nested(nameof(options.Tls), plain, certificates.Read),
                TlsEngine = item.Choice(nameof(options.TlsEngine), options.TlsEngine),
            });
        });
        return endPoint is null ? [] : [endPoint];
    }

    private static IPNetwork ParseNetwork(string text) =>
        text.Contains('/', StringComparison.Ordinal) && IPNetwork.TryParse(text, out IPNetwork network) ? network
        : IPAddress.TryParse(text, out IPAddress? address) ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
        : throw new FormatException("Must be an address, or a network such as 10.0.0.0/8.");
}
