using System.Security.Claims;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Features.Authentication;
using Microsoft.AspNetCore.Routing;

namespace Sockeye.AspNetCore;

/// <summary>
/// What ASP.NET Core knew about the request that opened a connection, copied, so that it outlives the request. Immutable; thread-safe as
/// far as its objects are.
/// </summary>
public sealed class WebSocketHttpOrigin
{
    private static readonly ClaimsPrincipal Anonymous = new(new ClaimsIdentity());

    private readonly ClaimsPrincipal? _user;
    private RouteValueDictionary? _routeValues;

    private WebSocketHttpOrigin(HttpContext context)
    {
        // Not context.User, which makes a user if there is none.
        _user = context.Features.Get<IHttpAuthenticationFeature>()?.User;
        Endpoint = context.GetEndpoint();
        _routeValues = context.Features.Get<IRouteValuesFeature>()?.RouteValues is { Count: > 0 } values ? new(values) : null;
        ClientCertificate = context.Features.Get<ITlsConnectionFeature>()?.ClientCertificate;
    }

    /// <summary>The user, as authentication has established it; a user without claims if none has.</summary>
    public ClaimsPrincipal User => _user ?? Anonymous;

    /// <summary>The endpoint that the request was routed to; <see langword="null"/> if it was not routed.</summary>
    public Endpoint? Endpoint { get; }

    /// <summary>The values of the route: a copy.</summary>
    public RouteValueDictionary RouteValues => _routeValues ??= [];

    /// <summary>The certificate of the client; <see langword="null"/> if it presented none, or the connection is not over TLS.</summary>
    public X509Certificate2? ClientCertificate { get; }

    internal static WebSocketHttpOrigin Of(HttpContext context) => new(context);
}
