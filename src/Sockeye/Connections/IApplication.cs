namespace Sockeye.Connections;

/// <summary>The application's end of a connection: its handler, called with the connection.</summary>
/// <remarks>The parts of a connection call it, and know neither the handler nor the public face of the connection.</remarks>
internal interface IApplication
{
    /// <summary>
    /// Whether a method of the application serves the connection, and discards what it has not received when it returns.
    /// </summary>
    bool IsServed { get; }

    /// <summary>The connection is open: before any of its messages.</summary>
    void OnOpened();

    /// <summary>A message has arrived.</summary>
    /// <param name="payload">The payload, valid only during the call.</param>
    /// <param name="kind">The kind of the message.</param>
    void OnMessage(ReadOnlySpan<byte> payload, WebSocketMessageKind kind);

    /// <summary>A message has arrived that the handler wants in memory of its own.</summary>
    ValueTask OnMessageAsync(WebSocketMessage message);

    /// <summary>A fragment has arrived.</summary>
    /// <param name="payload">The fragment, valid only during the call.</param>
    /// <param name="kind">The kind of the message.</param>
    /// <param name="endOfMessage">Whether it ends its message.</param>
    void OnFragment(ReadOnlySpan<byte> payload, WebSocketMessageKind kind, bool endOfMessage);

    /// <summary>A fragment has arrived that the handler wants in memory of its own.</summary>
    ValueTask OnFragmentAsync(WebSocketFragment fragment);

    /// <summary>A ping has arrived, which has not been answered.</summary>
    /// <returns>Whether to answer it.</returns>
    bool OnPinging(ReadOnlySpan<byte> payload);

    /// <summary>A ping has arrived, and was answered.</summary>
    void OnPing(ReadOnlySpan<byte> payload);

    /// <summary>A pong has arrived.</summary>
    void OnPong(ReadOnlySpan<byte> payload);

    /// <summary>A Close frame has arrived, which has not been answered.</summary>
    void OnClosing(WebSocketCloseCode code, string reason);

    /// <summary>The connection has ended, and this is the last call.</summary>
    void OnClosed(WebSocketCloseResult result);
}
