using Sockeye.Protocol;
using Sockeye.Server.Routes;

namespace Sockeye.Server.Handshakes;

/// <summary>
/// The steps that a request passes on the server before the application decides about it (RFC 6455 §4.2.1). Each returns the rule that
/// the request breaks, and leaves what it has found out in the <see cref="UpgradeAttempt"/>.
/// </summary>
internal static class UpgradeSteps
{
    /// <summary>Takes all steps, up to the first that rejects the request.</summary>
    /// <param name="attempt">Receives what the steps find out.</param>
    /// <param name="request">The request.</param>
    /// <returns>
    /// The first rule that is broken. <see cref="WebSocketHandshakeError.None"/> also for a plain request to which the application may
    /// respond: see <see cref="UpgradeAttempt.IsPlain"/>.
    /// </returns>
    public static WebSocketHandshakeError Check(UpgradeAttempt attempt, ref ReceivedRequest request)
    {
        WebSocketHandshakeError error = CheckRules(attempt, ref request);
        if (TryTakeAsPlain(attempt, request, ref error))
        {
            return WebSocketHandshakeError.None;
        }

        if (error == WebSocketHandshakeError.OriginNotAllowed)
        {
            error = AskAboutOrigin(attempt, request);
        }

        if (error == WebSocketHandshakeError.None)
        {
            error = CheckRoom(attempt, request);
        }

        if (error != WebSocketHandshakeError.None)
        {
            attempt.Detail = RejectionDetail.Of(error, attempt, request);
            return error;
        }

        attempt.Keep(request.Bytes);
        error = attempt.TryTakePlace();
        return error == WebSocketHandshakeError.None ? SelectSubprotocol(attempt) : error;
    }

    /// <summary>Takes a place for a request that another HTTP server has checked and routed.</summary>
    /// <param name="attempt">The handshake, whose route is given.</param>
    /// <param name="head">The request.</param>
    /// <param name="isSecure">Whether the client's connection is over TLS.</param>
    public static WebSocketHandshakeError Admit(UpgradeAttempt attempt, byte[] head, bool isSecure)
    {
        ServerRoute route = attempt.GivenRoute ?? attempt.Server.Fallback;
        attempt.Route = route;
        attempt.Settings = route.For(isSecure).SettingsOn(attempt.Settings.Wheel);
        attempt.Keep(head);
        WebSocketHandshakeError error = CheckRoom(attempt, hasRoute: true);
        return error == WebSocketHandshakeError.None ? attempt.TryTakePlace() : error;
    }

    /// <summary>Parses the request, finds its route, and checks it by the rules of the route, origins included.</summary>
    public static WebSocketHandshakeError CheckRules(UpgradeAttempt attempt, ref ReceivedRequest request)
    {
        HttpError httpError = request.Parse();
        attempt.IsHead = request.Head.Method.SequenceEqual("HEAD"u8);
        if (httpError == HttpError.None || request.Head.IsHttp10)
        {
            FindRoute(attempt, ref request);
        }
        else
        {
            Use(attempt, ref request, attempt.Settings.Scope.IsSecure);
        }

        if (httpError != HttpError.None)
        {
            return httpError.ToHandshakeError();
        }

        WebSocketHandshakeError error = ServerHandshake.Check(request.Head, request.Profile.Rules, out ServerHandshakeOffer offer);
        request.Offer = offer;
        attempt.Subprotocol = offer.Subprotocol;
        attempt.Deflate = offer.PerMessageDeflate;
        return error;
    }

    /// <summary>Finds the route of a request that was parsed, and whether the client's connection is over TLS.</summary>
    public static void FindRoute(UpgradeAttempt attempt, ref ReceivedRequest request)
    {
        request.Route = attempt.GivenRoute ?? attempt.Server.Routes.Find(request.Head);

        // Only the proxy knows whether the client uses TLS, and with it the scheme of a page's own origin.
        bool isSecure = attempt.Server.Proxies?.IsClientSecure(attempt.Transport.RemoteEndPoint, request.Head.Headers)
            ?? attempt.Settings.Scope.IsSecure;
        Use(attempt, ref request, isSecure);
    }

    /// <summary>Lets the application respond to a plain HTTP request, if it has a callback for it and the request is sound.</summary>
    /// <param name="attempt">The handshake.</param>
    /// <param name="request">The request.</param>
    /// <param name="error">
    /// The rule of opening handshakes that the request breaks; for a plain request, replaced by the rule of plain requests that it breaks.
    /// </param>
    /// <returns>Whether the application will be asked.</returns>
    public static bool TryTakeAsPlain(UpgradeAttempt attempt, in ReceivedRequest request, ref WebSocketHandshakeError error)
    {
        // The client does not ask for a connection: a path without a route or a full server does not matter. HTTP/1.0 cannot be
        // upgraded, but it is plain HTTP.
        bool maybePlain = error is WebSocketHandshakeError.MissingUpgrade or WebSocketHandshakeError.MethodNotGet
            || (error == WebSocketHandshakeError.UnsupportedHttpVersion && request.Head.IsHttp10);
        if (!maybePlain || attempt.Route.OnPlainRequest is null || !ServerHandshake.IsPlain(request.Head))
        {
            return false;
        }

        WebSocketHandshakeError errorOfUpgrade = error;
        error = ServerHandshake.CheckPlain(request.Head, request.Profile.Rules);
        if (error != WebSocketHandshakeError.None || attempt.Server.Connections.IsStopping)
        {
            return false;
        }

        attempt.Keep(request.Bytes);
        attempt.PlainError = errorOfUpgrade;
        return true;
    }

    /// <summary>Asks the application about an origin that the rules do not allow (RFC 6455 §10.2).</summary>
    public static WebSocketHandshakeError AskAboutOrigin(UpgradeAttempt attempt, in ReceivedRequest request)
    {
        if (request.Route?.IsOriginAllowed is not { } isAllowed)
        {
            return WebSocketHandshakeError.OriginNotAllowed;
        }

        attempt.Keep(request.Bytes);
        WebSocketUpgradeRequest seen = attempt.Request;
        try
        {
            return ServerHandshake.CheckOrigins(request.Offer, request.Profile.Rules, origin => isAllowed(origin, seen));
        }
        catch (Exception exception)
        {
            attempt.Exception = exception;
            return WebSocketHandshakeError.ApplicationFailed;
        }
    }

    /// <summary>Checks that the server takes new connections, that it has a route for the path, and that memory is left.</summary>
    public static WebSocketHandshakeError CheckRoom(UpgradeAttempt attempt, in ReceivedRequest request) =>
        CheckRoom(attempt, request.Route is not null);

    private static WebSocketHandshakeError CheckRoom(UpgradeAttempt attempt, bool hasRoute) =>
        attempt.Server.Connections.IsStopping ? WebSocketHandshakeError.ServerUnavailable
        : !hasRoute ? WebSocketHandshakeError.UnknownPath
        : attempt.Settings.Memory.IsTight ? WebSocketHandshakeError.MemoryExhausted
        : WebSocketHandshakeError.None;

    /// <summary>Lets the application select the subprotocol, if it has a callback for it and the client offers any (RFC 6455 §4.2.2).</summary>
    public static WebSocketHandshakeError SelectSubprotocol(UpgradeAttempt attempt)
    {
        if (attempt.Route.SelectSubprotocol is not { } select)
        {
            return WebSocketHandshakeError.None;
        }

        WebSocketUpgradeRequest request = attempt.Request;
        IReadOnlyList<string> offered = request.Subprotocols;
        try
        {
            attempt.Subprotocol = offered.Count > 0 ? select(request) : null;
        }
        catch (Exception exception)
        {
            attempt.Exception = exception;
            return WebSocketHandshakeError.ApplicationFailed;
        }

        if (attempt.Subprotocol is null)
        {
            return attempt.Route.RequireSubprotocol ? WebSocketHandshakeError.NoCommonSubprotocol : WebSocketHandshakeError.None;
        }

        if (!offered.Contains(attempt.Subprotocol, StringComparer.Ordinal))
        {
            // RFC 6455 §4.1: the client would fail the connection.
            attempt.Exception = UpgradeResponses.NotOffered(attempt, attempt.Subprotocol);
            return WebSocketHandshakeError.ApplicationFailed;
        }

        return WebSocketHandshakeError.None;
    }

    private static void Use(UpgradeAttempt attempt, ref ReceivedRequest request, bool isSecure)
    {
        attempt.Route = request.Route ?? attempt.Server.Fallback;
        request.Profile = attempt.Route.For(isSecure);
        attempt.Settings = request.Profile.SettingsOn(attempt.Settings.Wheel);
    }
}
