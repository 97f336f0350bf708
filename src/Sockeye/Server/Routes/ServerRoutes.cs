using Sockeye.Protocol;

namespace Sockeye.Server.Routes;

/// <summary>The routes of a server, in the order in which they are matched.</summary>
internal sealed class ServerRoutes
{
    // Grouped by pattern; within a group the subprotocol decides.
    private readonly ServerRoute[][] _byPattern;

    /// <summary>Creates the list.</summary>
    /// <param name="routes">One route without a pattern, or any number of routes with one.</param>
    public ServerRoutes(IEnumerable<ServerRoute> routes) => _byPattern =
    [
        .. routes.GroupBy(route => route.Pattern?.Text, StringComparer.Ordinal)
            .Select(group => group.ToArray())
            .OrderByDescending(group => group[0].Pattern is { IsExact: true }),
    ];

    /// <summary>Finds the route of a request.</summary>
    /// <returns>The route; <see langword="null"/> if no pattern matches, or the target is malformed.</returns>
    public ServerRoute? Find(RequestHead request)
    {
        if (_byPattern is [[{ Pattern: null } only]])
        {
            return only;
        }

        if (!RequestTarget.TryParse(request.Target, out RequestTarget target))
        {
            return null;
        }

        foreach (ServerRoute[] routes in _byPattern)
        {
            if (routes[0].Pattern is { } pattern && pattern.IsMatch(target.Path))
            {
                return routes is [var one] ? one : Select(routes, request.Headers);
            }
        }

        return null;
    }

    // The client's preference decides first, and then the order of the routes.
    private static ServerRoute Select(ServerRoute[] routes, HeaderFields headers)
    {
        // A malformed list is rejected later, for any route.
        IReadOnlyList<string> preferred = SubprotocolList.TryParse(headers, out IReadOnlyList<string> offered) ? offered : [];
        foreach (string subprotocol in preferred)
        {
            foreach (ServerRoute route in routes)
            {
                if (route.Subprotocols.Contains(subprotocol, StringComparer.Ordinal))
                {
                    return route;
                }
            }
        }

        // Nothing in common: a route without subprotocols accepts the client; any other rejects it.
        return Array.Find(routes, route => route.Subprotocols.Count == 0) ?? routes[0];
    }
}
