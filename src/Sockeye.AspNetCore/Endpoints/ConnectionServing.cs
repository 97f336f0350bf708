namespace Sockeye.AspNetCore.Endpoints;

/// <summary>What will serve the connection that a request opens.</summary>
internal abstract class ConnectionServing
{
    /// <summary>Completes when the request is not needed any more to serve the connection; not before the connection is open.</summary>
    public virtual Task RequestMayEnd => Task.CompletedTask;

    /// <summary>Whether the request stays open while the connection is served, even if the connection does not need it.</summary>
    public virtual bool KeepsRequest => false;

    /// <summary>The handshake is about to be accepted: makes the handler of the connection. Its exceptions reject the request.</summary>
    public abstract WebSocketHandler Begin();

    /// <summary>There will be no connection, or another handler serves it: releases everything.</summary>
    public virtual ValueTask AbandonAsync() => default;
}
