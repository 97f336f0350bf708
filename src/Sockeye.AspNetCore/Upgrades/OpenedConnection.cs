namespace Sockeye.AspNetCore.Upgrades;

/// <summary>A connection that was opened by a request.</summary>
/// <param name="Connection">The connection.</param>
/// <param name="RequestMayEnd">
/// Completes when the request may end: at once if the connection does not need it any more, else when the connection has ended.
/// </param>
internal readonly record struct OpenedConnection(WebSocketConnection Connection, Task RequestMayEnd);
