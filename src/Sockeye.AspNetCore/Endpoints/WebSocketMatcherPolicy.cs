using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Matching;
using Sockeye.AspNetCore.Upgrades;

namespace Sockeye.AspNetCore.Endpoints;

/// <summary>
/// Lets a WebSocket endpoint and a page have the same pattern: the endpoint takes opening handshakes, and the page all other requests.
/// </summary>
internal sealed class WebSocketMatcherPolicy : MatcherPolicy, IEndpointSelectorPolicy
{
    /// <inheritdoc/>
    /// <remarks>After the policy about methods: neither decides for the other.</remarks>
    public override int Order => 0;

    /// <inheritdoc/>
    public bool AppliesToEndpoints(IReadOnlyList<Endpoint> endpoints) => endpoints.Any(IsWebSocket) && !endpoints.All(IsWebSocket);

    /// <inheritdoc/>
    public Task ApplyAsync(HttpContext httpContext, CandidateSet candidates)
    {
        bool isHandshake = HandshakeRequests.IsHandshake(httpContext);
        for (int index = 0; index < candidates.Count; index++)
        {
            // The patterns decide first: endpoints for other paths stay as they are.
            if (candidates.IsValidCandidate(index) && IsWebSocket(candidates[index].Endpoint) != isHandshake
                && HasTwin(candidates, index))
            {
                candidates.SetValidity(index, false);
            }
        }

        return Task.CompletedTask;
    }

    private static bool HasTwin(CandidateSet candidates, int index)
    {
        bool isWebSocket = IsWebSocket(candidates[index].Endpoint);
        for (int other = 0; other < candidates.Count; other++)
        {
            if (candidates.IsValidCandidate(other) && IsWebSocket(candidates[other].Endpoint) != isWebSocket
                && RankOf(candidates[other].Endpoint) == RankOf(candidates[index].Endpoint))
            {
                return true;
            }
        }

        return false;
    }

    private static (int Order, decimal Precedence) RankOf(Endpoint endpoint) =>
        endpoint is RouteEndpoint route ? (route.Order, route.RoutePattern.InboundPrecedence) : default;

    private static bool IsWebSocket(Endpoint endpoint) => endpoint.Metadata.GetMetadata<MappedEndpoint>() is not null;
}
