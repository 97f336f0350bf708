using System.Collections.Concurrent;
using Sockeye.Connections;
using Sockeye.Protocol;
using Sockeye.Timing;

namespace Sockeye.Server.Routes;

/// <summary>How the connections of a route are accepted, and what they share: those over TLS, or those without.</summary>
/// <param name="rules">The rules for opening handshakes.</param>
/// <param name="makeSettings">Creates what the connections share whose deadlines are on one wheel.</param>
internal sealed class RouteProfile(ServerHandshakeRules rules, Func<DeadlineWheel, ConnectionSettings> makeSettings)
{
    private readonly ConcurrentDictionary<DeadlineWheel, ConnectionSettings> _settings = new();

    /// <summary>The rules for opening handshakes.</summary>
    public ServerHandshakeRules Rules { get; } = rules;

    /// <summary>What the connections share whose deadlines are on the given wheel: those of one event loop.</summary>
    public ConnectionSettings SettingsOn(DeadlineWheel wheel) => _settings.GetOrAdd(wheel, makeSettings);
}
