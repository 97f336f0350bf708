namespace Sockeye.AspNetCore.Endpoints;

/// <summary>Serves all connections with one handler.</summary>
/// <param name="handler">The handler.</param>
internal sealed class SharedHandler(WebSocketHandler handler) : ConnectionServing
{
    /// <inheritdoc/>
    public override WebSocketHandler Begin() => handler;
}
