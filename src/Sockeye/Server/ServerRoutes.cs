using Sockeye.Protocol;

namespace Sockeye.Server;

/// <summary>The routes of a server, in the order in which they are tried.</summary>
internal sealed class ServerRoutes
{
    // Those of one pattern together: then the subprotocol decides.
    private readonly ServerRoute[][] _byPattern;

    /// <summary>Takes a server's routes.</summary>
    /// <param name="routes">One without a pattern, or any number with one.</param>
    public ServerRoutes(IEnumerable<ServerRoute> routes) => _byPattern =
    [
        .. routes.GroupBy(route => route.Pattern?.Text, StringComparer.Ordinal)
            .Select(group => group.ToArray())
            .OrderByDescending(group => group[0].Pattern is { IsExact: true }),
    ];

    /// <summary>Finds the route of a request.</summary>
    /// <returns><see langword="null"/> if there is nothing at its path, or that is malformed.</returns>
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
            if (routes[0].Pattern!.IsMatch(target.Path))
            {
                return routes is [var one] ? one : Select(routes, request.Headers);
            }
        }

        return null;
    }

    // The client's preference decides, then the order of the routes.
    private static ServerRoute Select(ServerRoute[] routes, HeaderFields headers)
    {
        // A list that is broken is found so later, whichever the route.
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

        // None in common: a route that speaks none is the best for it, else whichever refuses.
        return Array.Find(routes, route => route.Subprotocols.Count == 0) ?? routes[0];
    }
}
