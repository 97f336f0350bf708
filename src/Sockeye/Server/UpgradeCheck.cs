using Sockeye.Connections;
using Sockeye.Protocol;
using Sockeye.Transports;

namespace Sockeye.Server;

/// <summary>What a server has to say to a request before its application decides.</summary>
internal static class UpgradeCheck
{
    /// <summary>Finds the route of a request, checks the request by its rules, and takes a place for its connection.</summary>
    /// <param name="context">The server's.</param>
    /// <param name="transport">Where the request came from.</param>
    /// <param name="settings">What its connection shares with others, before the route is known.</param>
    /// <param name="head">The request.</param>
    /// <param name="lines">Where to note its header lines.</param>
    /// <param name="place">Where to hold the place.</param>
    /// <param name="agreed">
    /// What the handshake comes to. If it is refused, the settings are there, and the request if that kept the rules.
    /// </param>
    /// <param name="offer">What the client asks for; only when the result is <see cref="WebSocketHandshakeError.None"/>.</param>
    /// <param name="exception">What the application threw when it was asked about the origin or the subprotocol.</param>
    /// <returns>
    /// The first rule broken; <see cref="WebSocketHandshakeError.None"/> also for a plain request that the application is to be asked
    /// about: see <see cref="AgreedUpgrade.IsPlain"/>.
    /// </returns>
    public static WebSocketHandshakeError Check(
        ServerContext context, Transport transport, ConnectionSettings settings, ReadOnlySpan<byte> head,
        Span<HeaderLine> lines, ref ConnectionPlace place, out AgreedUpgrade agreed, out ServerHandshakeOffer offer,
        out Exception? exception)
    {
        exception = null;
        WebSocketHandshakeError error = CheckRules(
            context, transport, settings.Scope.IsSecure, head, lines, out RequestHead parsed, out ServerRoute? found,
            out RouteProfile profile, out offer);
        ServerRoute route = found ?? context.Fallback;
        settings = profile.SettingsOn(settings.Wheel);
        agreed = new AgreedUpgrade(
            route, settings, PackedHead: null!, offer.Subprotocol, offer.PerMessageDeflate,
            IsHead: parsed.Method.SequenceEqual("HEAD"u8));
        if (route.OnPlainRequest is not null && IsPlain(error, parsed))
        {
            // What is asked for is not a connection: neither a path without a route nor a full server stands against it.
            WebSocketHandshakeError declinedAs = error;
            error = ServerHandshake.CheckPlain(parsed, profile.Rules);
            if (error == WebSocketHandshakeError.None && !context.IsStopping)
            {
                agreed = agreed with { PackedHead = RequestBytes.Pack(settings.Pool, head), DeclinedAs = declinedAs };
                return WebSocketHandshakeError.None;
            }
        }

        if (error == WebSocketHandshakeError.OriginNotAllowed && found?.IsOriginAllowed is { } isOriginAllowed)
        {
            agreed = agreed with { PackedHead = RequestBytes.Pack(settings.Pool, head) };
            error = OriginApproval.Ask(
                isOriginAllowed, offer, profile.Rules, new WebSocketUpgradeRequest(agreed.PackedHead, transport, settings.Scope),
                out exception);
        }

        error = error != WebSocketHandshakeError.None ? error
            : context.IsStopping ? WebSocketHandshakeError.ServerUnavailable
            : found is null ? WebSocketHandshakeError.UnknownPath
            : settings.Memory.IsTight ? WebSocketHandshakeError.MemoryExhausted
            : WebSocketHandshakeError.None;
        if (error != WebSocketHandshakeError.None)
        {
            string? detail = RefusalDetail.Of(
                error, parsed, route, profile.Rules, context.Options.AllowedHosts,
                isAsked: found?.IsOriginAllowed is not null);
            agreed = agreed with { Detail = detail };
            return error;
        }

        agreed = agreed with { PackedHead = agreed.PackedHead ?? RequestBytes.Pack(settings.Pool, head) };
        error = place.TryTake(context.Caps, agreed.PackedHead, transport, settings.Scope);
        if (error != WebSocketHandshakeError.None || route.SelectSubprotocol is null)
        {
            return error;
        }

        var request = new WebSocketUpgradeRequest(agreed.PackedHead, transport, settings.Scope);
        error = SubprotocolSelection.Select(
            route.SelectSubprotocol, route.RequireSubprotocol, request, out string? subprotocol, out exception);
        agreed = agreed with { Subprotocol = subprotocol };
        return error;
    }

    // HTTP/1.0 cannot be upgraded, but it is plain HTTP all the same.
    private static bool IsPlain(WebSocketHandshakeError error, RequestHead request) =>
        (error is WebSocketHandshakeError.MissingUpgrade or WebSocketHandshakeError.MethodNotGet
            || (error == WebSocketHandshakeError.UnsupportedHttpVersion && request.IsHttp10))
        && ServerHandshake.IsPlain(request);

    private static WebSocketHandshakeError CheckRules(
        ServerContext context, Transport transport, bool isSecure, ReadOnlySpan<byte> head, Span<HeaderLine> lines,
        out RequestHead request, out ServerRoute? found, out RouteProfile profile, out ServerHandshakeOffer offer)
    {
        HttpError httpError = RequestHead.TryParse(head, lines, out request);
        if (httpError != HttpError.None && !request.IsHttp10)
        {
            found = null;
            profile = context.Fallback.For(isSecure);
            offer = default;
            return httpError.ToHandshakeError();
        }

        found = context.Routes.Find(request);

        // Behind a proxy that does TLS a page's origin begins with https, and is the same all the same; and the other way round
        // where the proxy alone speaks TLS, to this server.
        isSecure = context.Proxies?.IsClientSecure(transport.RemoteEndPoint, request.Headers) ?? isSecure;
        profile = (found ?? context.Fallback).For(isSecure);
        offer = default;
        return httpError != HttpError.None
            ? httpError.ToHandshakeError()
            : ServerHandshake.Check(request, profile.Rules, out offer);
    }
}
