using System.Net.Security;
using Sockeye.Connections;

namespace Sockeye.Server;

/// <summary>Rejects options of a server, an address or a route that contradict each other, so that one would have no effect.</summary>
internal static class ServerOptionConflicts
{
    /// <summary>Checks the options for trusted proxies and for the size of a request.</summary>
    /// <exception cref="ArgumentException">Two options contradict each other.</exception>
    public static void Check(WebSocketAcceptorOptions options)
    {
        if (options is { ForwardedHeader: not WebSocketForwardedHeader.XForwarded, TrustedProxies.Count: 0, TrustUnixSocketProxies: false })
        {
            throw OptionConflict.Create(
                nameof(options.ForwardedHeader), $"no {nameof(options.TrustedProxies)}",
                $"The header is read only in requests from trusted proxies: list them, or set {nameof(options.TrustUnixSocketProxies)}.");
        }

        CheckLimits(options.HandshakeLimits);
    }

    /// <summary>Checks the options of a stop.</summary>
    /// <exception cref="ArgumentException">Two options contradict each other.</exception>
    public static void Check(WebSocketStopOptions? options)
    {
        if (options is { CloseCode: null, CloseReason.Length: > 0 })
        {
            throw OptionConflict.Create(
                nameof(options.CloseReason), $"{nameof(options.CloseCode)} = null",
                "A Close frame cannot have a reason without a code (RFC 6455 §5.5.1).");
        }
    }

    /// <summary>Checks the options for the addresses on which a server listens.</summary>
    /// <exception cref="ArgumentException">Two options contradict each other.</exception>
    /// <exception cref="ArgumentNullException">The options are <see langword="null"/>.</exception>
    public static void CheckListening(WebSocketServerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        string? ignored = options.EndPoints.Count == 0 ? null
            : options.Tls is not null ? nameof(options.Tls)
            : options.SelectTls is not null ? nameof(options.SelectTls)
            : options.TlsEngine != WebSocketTlsEngine.SslStream ? nameof(options.TlsEngine)
            : !options.EndPoint.Equals(WebSocketServerOptions.DefaultEndPoint) ? nameof(options.EndPoint)
            : null;
        if (ignored is not null)
        {
            // Otherwise a server whose options have a certificate would listen without TLS.
            throw OptionConflict.Create(
                ignored, nameof(options.EndPoints), "Each address in the list has its own TLS options.");
        }

        foreach (WebSocketEndPoint endPoint in options.AllEndPoints)
        {
            Check(endPoint);
        }
    }

    /// <summary>Checks the options of a route itself.</summary>
    /// <exception cref="ArgumentException">Two options contradict each other.</exception>
    public static void Check(WebSocketRouteOptions options, string pattern)
    {
        CheckOrigins(
            options.DangerousAllowAnyOrigin == true, options.AllowedOrigins, options.IsOriginAllowed, options, pattern);
    }

    /// <summary>Checks which origins may connect.</summary>
    /// <param name="allowsAny">Whether all origins may.</param>
    /// <param name="allowed">The allowed origins.</param>
    /// <param name="isAllowed">The callback that decides about others.</param>
    /// <param name="route">The options of the route itself; the others are the server's.</param>
    /// <param name="pattern">The route's pattern; <see langword="null"/> for a server without routes.</param>
    /// <exception cref="ArgumentException">Two options contradict each other.</exception>
    public static void CheckOrigins(
        bool allowsAny, IReadOnlyList<string>? allowed, Func<string, WebSocketUpgradeRequest, bool>? isAllowed,
        WebSocketRouteOptions route, string? pattern)
    {
        if (allowsAny && (allowed is { Count: > 0 } || isAllowed is not null))
        {
            throw OptionConflict.Create(
                isAllowed is null
                    ? NameOf(nameof(route.AllowedOrigins), pattern, route.AllowedOrigins is not null)
                    : NameOf(nameof(route.IsOriginAllowed), pattern, route.IsOriginAllowed is not null),
                NameOf(nameof(route.DangerousAllowAnyOrigin), pattern, route.DangerousAllowAnyOrigin is not null),
                "Pages of every origin could connect.");
        }
    }

    /// <summary>Checks that a client can be accepted where a subprotocol is required.</summary>
    /// <param name="pattern">The route's pattern; <see langword="null"/> for a server without routes.</param>
    /// <param name="route">The options of the route itself; the others are the server's.</param>
    /// <param name="isRequired">Whether a subprotocol is required.</param>
    /// <param name="hasAny">Whether any can be selected.</param>
    /// <exception cref="ArgumentException">Two options contradict each other.</exception>
    public static void CheckSubprotocols(string? pattern, WebSocketRouteOptions route, bool isRequired, bool hasAny)
    {
        if (isRequired && !hasAny)
        {
            throw OptionConflict.Create(
                NameOf(nameof(route.RequireSubprotocol), pattern, route.RequireSubprotocol is not null),
                $"no {nameof(WebSocketServerOptions.Subprotocols)} or {nameof(WebSocketServerOptions.SelectSubprotocol)}"
                + (pattern is null ? "" : $" for the route '{pattern}'"),
                "Every client would be rejected.");
        }
    }

    // A route and a server have options of the same names: the message says which of the two set each option.
    private static string NameOf(string option, string? pattern, bool isOfRoute) =>
        pattern is null ? option : isOfRoute ? $"{option} of the route '{pattern}'" : $"{option} of the server";

    private static void Check(WebSocketEndPoint endPoint)
    {
        if (endPoint is { Tls: not null, SelectTls: not null })
        {
            throw OptionConflict.Create(
                nameof(endPoint.Tls), nameof(endPoint.SelectTls), "The callback selects the options of every connection.");
        }

        // SslStream would use one of them and ignore the others.
        string[] certificates = endPoint.Tls is { } tls ? [.. CertificatesOf(tls)] : [];
        if (certificates.Length > 1)
        {
            throw OptionConflict.Create(
                $"{nameof(endPoint.Tls)}.{certificates[1]}", $"{nameof(endPoint.Tls)}.{certificates[0]}",
                "Only one of them can provide the certificate.");
        }
    }

    private static IEnumerable<string> CertificatesOf(SslServerAuthenticationOptions tls)
    {
        if (tls.ServerCertificateSelectionCallback is not null)
        {
            yield return nameof(tls.ServerCertificateSelectionCallback);
        }

        if (tls.ServerCertificateContext is not null)
        {
            yield return nameof(tls.ServerCertificateContext);
        }

        if (tls.ServerCertificate is not null)
        {
            yield return nameof(tls.ServerCertificate);
        }
    }

    private static void CheckLimits(HandshakeLimitOptions limits)
    {
        var defaults = new HandshakeLimitOptions();
        string? ignored =
            limits.MaxRequestLineLength > limits.MaxHeadLength && limits.MaxRequestLineLength != defaults.MaxRequestLineLength
                ? nameof(limits.MaxRequestLineLength)
            : limits.MaxHeaderLineLength > limits.MaxHeadLength && limits.MaxHeaderLineLength != defaults.MaxHeaderLineLength
                ? nameof(limits.MaxHeaderLineLength)
            : null;
        if (ignored is not null)
        {
            // A default that exceeds the limit of the head was not set by the application.
            throw OptionConflict.Create(
                ignored, nameof(limits.MaxHeadLength), "A line cannot be longer than the head.");
        }
    }
}
