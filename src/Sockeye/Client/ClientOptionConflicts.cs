using System.Net.Sockets;
using Sockeye.Connections;

namespace Sockeye.Client;

/// <summary>Finds client options that would have no effect, because of other options or the address.</summary>
internal static class ClientOptionConflicts
{
    private const string OwnConnect = "A ConnectCallback connects instead of the library, which then has no socket to configure.";
    private const string OwnPath = "A connection to a Unix socket or named pipe uses its path only.";

    /// <summary>Checks the options for an address.</summary>
    /// <exception cref="ArgumentException">Options contradict each other or the address.</exception>
    public static void Check(WebSocketClientOptions options, ClientAddress address)
    {
        if (FindIn(options) is { } conflict)
        {
            throw conflict;
        }

        // A redirect may lead to an address to which they apply.
        if (options.MaxRedirects == 0 && FindFor(address, options) is { } conflictWithAddress)
        {
            throw conflictWithAddress;
        }
    }

    /// <summary>Checks the options of a reconnecting client.</summary>
    /// <exception cref="ArgumentException">Options contradict each other or the address.</exception>
    public static void Check(WebSocketReconnectOptions options, ClientAddress address, bool hasHandler)
    {
        Check(options.OwnClient, address);

        // The default is not checked: a shorter maximum limits it.
        if (options.FirstDelay > options.MaxDelay && options.FirstDelay != WebSocketReconnectOptions.DefaultFirstDelay)
        {
            throw OptionConflict.Create(
                nameof(options.FirstDelay), nameof(options.MaxDelay), "The first delay is longer than the maximum.");
        }

        if (options.OwnClient.OwnConnection.DeliverFragments && !hasHandler)
        {
            throw OptionConflict.Create(
                $"{nameof(options.Client)}.{nameof(WebSocketClientOptions.Connection)}.{nameof(WebSocketConnectionOptions.DeliverFragments)}",
                "no handler", "A reconnecting client returns whole messages; only a handler can receive fragments.");
        }
    }

    private static ArgumentException? FindIn(WebSocketClientOptions options) => options switch
    {
        { OnRedirecting: not null, MaxRedirects: 0 } => OptionConflict.Create(
            nameof(options.OnRedirecting), $"{nameof(options.MaxRedirects)} = 0",
            "Redirects are not followed, so it would never be called."),
        { Proxy: not null, UseProxy: false } => OptionConflict.Create(
            nameof(options.Proxy), $"{nameof(options.UseProxy)} = false", "No proxy would be used."),
        { AllowMissingSubprotocol: true, Subprotocols.Count: 0 } => OptionConflict.Create(
            nameof(options.AllowMissingSubprotocol), $"no {nameof(options.Subprotocols)}", "No subprotocol would be offered."),
        { Origin: not null } when options.RequestHeaders.Contains("Origin") => OptionConflict.Create(
            nameof(options.Origin), $"an Origin header in {nameof(options.RequestHeaders)}",
            "Servers reject a request with several origins (RFC 6455 §4.2.1)."),
        { PreAuthenticate: true, Credentials: null } => OptionConflict.Create(
            nameof(options.PreAuthenticate), $"no {nameof(options.Credentials)}", "There would be nothing to send."),
        { ConnectCallback: not null, LocalEndPoint: not null } => OptionConflict.Create(
            nameof(options.LocalEndPoint), nameof(options.ConnectCallback), OwnConnect),
        { ConnectCallback: not null, AddressFamily: not AddressFamily.Unspecified } => OptionConflict.Create(
            nameof(options.AddressFamily), nameof(options.ConnectCallback), OwnConnect),
        { ConnectCallback: not null } when options.OwnSocket != new SocketOptions() => OptionConflict.Create(
            nameof(options.Socket), nameof(options.ConnectCallback), OwnConnect),
        { LocalEndPoint.AddressFamily: var own, AddressFamily: not AddressFamily.Unspecified and var family }
            when own != family => OptionConflict.Create(
                nameof(options.LocalEndPoint), nameof(options.AddressFamily),
                "The local address is not of the selected address family."),
        { Tls.ApplicationProtocols: not null, Http2: not WebSocketHttp2Policy.Never } => OptionConflict.Create(
            $"{nameof(options.Tls)}.{nameof(options.Tls.ApplicationProtocols)}", nameof(options.Http2),
            "The policy decides which protocols TLS offers."),
        { OwnCompression.RequireClientMaxWindowBits: true } => OptionConflict.Create(
            $"{nameof(options.Compression)}.{nameof(PerMessageDeflateOptions.RequireClientMaxWindowBits)}",
            nameof(WebSocketClientOptions), "Only a server can decline an offer (RFC 7692 §7.1.2.2)."),
        _ => null,
    };

    private static ArgumentException? FindFor(ClientAddress address, WebSocketClientOptions options) => options switch
    {
        { Tls: not null } when !address.IsSecure => OptionConflict.Create(
            nameof(options.Tls), "an address without TLS", "TLS is used with wss:// and https:// only."),
        _ when address.SocketPath is null => null,
        { ConnectCallback: not null } => OptionConflict.Create(nameof(options.ConnectCallback), "ws+unix", OwnPath),
        { LocalEndPoint: not null } => OptionConflict.Create(nameof(options.LocalEndPoint), "ws+unix", OwnPath),
        { AddressFamily: not AddressFamily.Unspecified } => OptionConflict.Create(
            nameof(options.AddressFamily), "ws+unix", OwnPath),
        { Proxy: not null } => OptionConflict.Create(nameof(options.Proxy), "ws+unix", OwnPath),
        _ => null,
    };
}
