using System.IO.Pipelines;

namespace Sockeye.AspNetCore.Kestrel;

/// <summary>
/// A feature of connections of Sockeye's transport: the socket can be taken out of the HTTP server's hands, and goes on as that of a
/// WebSocket connection.
/// </summary>
internal interface ISocketHandOver
{
    /// <summary>
    /// The pipe that the transport has given to the server. If the server's connection has another, something in between reads and writes
    /// it, such as TLS, and the socket cannot be handed over.
    /// </summary>
    IDuplexPipe Pipe { get; }

    /// <summary>Opens a connection on the socket, in place of the server's, after the response was flushed.</summary>
    /// <param name="upgrade">The accepted upgrade.</param>
    /// <param name="keepsRequest">Whether the request stays open: then the end of the connection is reported to the server.</param>
    /// <returns>The connection.</returns>
    /// <exception cref="IOException">The client has disconnected.</exception>
    Task<WebSocketConnection> HandOverAsync(WebSocketPreparedUpgrade upgrade, bool keepsRequest);
}
