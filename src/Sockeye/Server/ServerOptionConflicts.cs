using System.Net.Security;
using Sockeye.Connections;

namespace Sockeye.Server;

/// <summary>Finds options of a server, an address or a route of which one would have no effect.</summary>
internal static class ServerOptionConflicts
{
    /// <summary>Checks the options for trusted proxies, and for the size of a request.</summary>
    /// <exception cref="ArgumentException">Two options contradict each other.</exception>
    public static void Check(WebSocketServerOptions options)
    {
        if (options is { ForwardedHeader: not WebSocketForwardedHeader.XForwarded, TrustedProxies.Count: 0, TrustUnixSocketProxies: false })
        {
            throw OptionConflict.Create(
                nameof(options.ForwardedHeader), $"no {nameof(options.TrustedProxies)}",
                $"The header is read of trusted proxies only: name them, or set {nameof(options.TrustUnixSocketProxies)}.");
        }

        CheckLimits(options.HandshakeLimits);
    }

    /// <summary>Checks the options for the addresses on which a server listens.</summary>
    /// <exception cref="ArgumentException">Two options contradict each other.</exception>
    public static void CheckListening(WebSocketServerOptions options)
    {
        string? ignored = options.EndPoints.Count == 0 ? null
            : options.Tls is not null ? nameof(options.Tls)
            : options.SelectTls is not null ? nameof(options.SelectTls)
            : !options.EndPoint.Equals(WebSocketServerOptions.DefaultEndPoint) ? nameof(options.EndPoint)
            : null;
        if (ignored is not null)
        {
            // Else a server would listen without TLS whose options have a certificate.
            throw OptionConflict.Create(
                ignored, nameof(options.EndPoints), "Each of several addresses is set in the list, with its TLS.");
        }

        foreach (WebSocketEndPoint endPoint in options.AllEndPoints)
        {
            Check(endPoint);
        }
    }

    /// <summary>Checks what a route has of its own.</summary>
    /// <exception cref="ArgumentException">Two options contradict each other.</exception>
    public static void Check(WebSocketRouteOptions options, string pattern)
    {
        CheckOrigins(
            options.DangerousAllowAnyOrigin == true, options.AllowedOrigins, options.IsOriginAllowed, options, pattern);
    }

    /// <summary>Checks which origins may connect.</summary>
    /// <param name="allowsAny">Whether all may.</param>
    /// <param name="allowed">Those that are named.</param>
    /// <param name="isAllowed">Decides about others.</param>
    /// <param name="route">What the route has of its own; the rest is the server's.</param>
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
                "Pages of all origins could connect.");
        }
    }

    /// <summary>Checks which subprotocols there are, where requests are accepted.</summary>
    /// <exception cref="ArgumentException">Two options contradict each other.</exception>
    public static void CheckSubprotocols(ServerRoute route)
    {
        if (route is { RequireSubprotocol: true, Subprotocols.Count: 0, SelectSubprotocol: null })
        {
            throw OptionConflict.Create(
                NameOf(nameof(route.RequireSubprotocol), route.Pattern?.Text, route.Own.RequireSubprotocol is not null),
                $"no {nameof(WebSocketServerOptions.Subprotocols)} or {nameof(WebSocketServerOptions.SelectSubprotocol)}"
                + (route.Pattern is null ? "" : $" for the route '{route.Pattern.Text}'"),
                "Every client would be refused.");
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
                nameof(endPoint.Tls), nameof(endPoint.SelectTls), "The callback selects for every connection.");
        }

        // SslStream takes one of them, and says nothing of the others.
        string[] certificates = endPoint.Tls is { } tls ? [.. CertificatesOf(tls)] : [];
        if (certificates.Length > 1)
        {
            throw OptionConflict.Create(
                $"{nameof(endPoint.Tls)}.{certificates[1]}", $"{nameof(endPoint.Tls)}.{certificates[0]}",
                "One of them gives the certificate.");
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
            // A default that the head cuts short is no statement of the application.
            throw OptionConflict.Create(
                ignored, nameof(limits.MaxHeadLength), "A line cannot be longer than the head that it is in.");
        }
    }
}
