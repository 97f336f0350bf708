using Sockeye.Protocol;
using Sockeye.Transports;

namespace Sockeye.Telemetry;

/// <summary>The groups of connections that differ in their role and kind of transport only. Thread-safe.</summary>
/// <param name="isSecure">Whether the connections use TLS.</param>
/// <param name="route">The route of the connections; <see langword="null"/> for none.</param>
/// <param name="isHidden">Whether they are in no metrics.</param>
internal sealed class ConnectionGroups(bool isSecure, string? route, bool isHidden)
{
    private const int TransportCount = (int)NetworkTransport.Pipe + 1;

    private readonly ConnectionGroup?[] _groups = new ConnectionGroup?[2 * TransportCount];

    /// <summary>Returns the group of connections with this role and kind of transport.</summary>
    public ConnectionGroup For(Role role, NetworkTransport transport) =>
        _groups[IndexOf(role, transport)] ?? Make(role, transport);

    private static int IndexOf(Role role, NetworkTransport transport) =>
        ((role == Role.Server ? 1 : 0) * TransportCount) + (int)transport;

    // Two threads may do this at the same time: both find the same group.
    private ConnectionGroup Make(Role role, NetworkTransport transport) =>
        _groups[IndexOf(role, transport)] =
            isHidden ? ConnectionGroup.Hidden : ConnectionGroup.Of(role, isSecure, transport, route);
}
