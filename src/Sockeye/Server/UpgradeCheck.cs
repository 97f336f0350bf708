using Sockeye.Protocol;
using Sockeye.Transports;

namespace Sockeye.Server;

/// <summary>What a server has to say to a request before its application has.</summary>
internal static class UpgradeCheck
{
    /// <summary>Finds the route of a request, and checks the request by its rules.</summary>
    /// <param name="context">The server's.</param>
    /// <param name="transport">Where the request came from.</param>
    /// <param name="isSecure">Whether that is TLS.</param>
    /// <param name="head">The request.</param>
    /// <param name="lines">Where to note its header lines.</param>
    /// <param name="route">The route; that for all which have none, if it has none.</param>
    /// <param name="profile">How the route's connections are accepted over TLS, or without.</param>
    /// <param name="offer">What the client asks for; only when the result is <see cref="HandshakeError.None"/>.</param>
    /// <returns>The first rule broken.</returns>
    public static HandshakeError Check(
        ServerContext context, Transport transport, bool isSecure, ReadOnlySpan<byte> head, Span<HeaderLine> lines,
        out ServerRoute route, out RouteProfile profile, out ServerHandshakeOffer offer)
    {
        HttpError httpError = RequestHead.TryParse(head, lines, out RequestHead request);
        if (httpError != HttpError.None)
        {
            route = context.Fallback;
            profile = route.For(isSecure);
            offer = default;
            return httpError.ToHandshakeError();
        }

        ServerRoute? found = context.Routes.Find(request);
        route = found ?? context.Fallback;

        // Behind a proxy that does TLS a page's origin begins with https, and is the same all the same.
        // And the other way round, where the proxy alone speaks TLS.
        if (context.Proxies is { } proxies && proxies.Includes(transport.RemoteEndPoint))
        {
            isSecure = proxies.IsSecure(request.Headers) ?? isSecure;
        }

        profile = route.For(isSecure);
        HandshakeError error = ServerHandshake.Check(request, profile.Rules, out offer);
        return error != HandshakeError.None ? error
            : context.IsStopping ? HandshakeError.ServerUnavailable
            : found is null ? HandshakeError.UnknownPath
            : HandshakeError.None;
    }
}
