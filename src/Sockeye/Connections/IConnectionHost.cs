using Sockeye.Collections;
using Sockeye.Telemetry;

namespace Sockeye.Connections;

/// <summary>The server that connections belong to, which counts them.</summary>
internal interface IConnectionHost
{
    /// <summary>Whether the host is one of the <see cref="LiveConnections"/>, with all its connections.</summary>
    bool ListsConnections => false;

    /// <summary>A connection has ended. Called before anything else is done about its end.</summary>
    /// <param name="connection">The connection, as an entry of the host's set.</param>
    void OnClosed(IDenseSetEntry connection);

    /// <summary>The application's last call for a connection has returned.</summary>
    void OnServed();
}
