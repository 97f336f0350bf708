namespace Sockeye;

/// <summary>Thrown when an operation requires an open connection, and the connection is closed or closing.</summary>
public sealed class WebSocketClosedException : SockeyeException
{
    internal WebSocketClosedException(WebSocketCloseResult result)
        : base($"The connection is closed: {result}.", result.Exception)
    {
        Result = result;
    }

    internal WebSocketClosedException(string message, WebSocketCloseResult result)
        : base(message, result.Exception)
    {
        Result = result;
    }

    /// <summary>
    /// How the connection ended; if it is still being closed, what is known so far
    /// (<see cref="WebSocketConnection.Closed"/> has the final result).
    /// </summary>
    public WebSocketCloseResult Result { get; }
}
