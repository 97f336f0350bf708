using System.Collections.Concurrent;
using Sockeye.Connections;
using Sockeye.Protocol;
using Sockeye.Timing;

namespace Sockeye.Server;

/// <summary>How a route's connections are accepted and what they share: those over TLS, or those without.</summary>
/// <param name="rules">Which opening handshakes are accepted.</param>
/// <param name="makeSettings">Makes what the connections share whose deadlines are kept on one wheel.</param>
internal sealed class RouteProfile(ServerHandshakeRules rules, Func<DeadlineWheel, ConnectionSettings> makeSettings)
{
    private readonly ConcurrentDictionary<DeadlineWheel, ConnectionSettings> _settings = new();

    /// <summary>Which opening handshakes are accepted.</summary>
    public ServerHandshakeRules Rules { get; } = rules;

    /// <summary>What the connections share whose deadlines are kept on a wheel: those of one event loop.</summary>
    public ConnectionSettings SettingsOn(DeadlineWheel wheel) => _settings.GetOrAdd(wheel, makeSettings);
}
