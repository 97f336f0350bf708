using System.Threading.Channels;

namespace Sockeye.Client.Reconnecting;

/// <summary>Receives from one connection after the other: all that came on the first before what comes on the next.</summary>
internal sealed class ReconnectInbox
{
    // Of connections that nobody has received from, only the newest is kept: a client that only sends keeps no other.
    private readonly Channel<WebSocketConnection> _connections = Channel.CreateBounded<WebSocketConnection>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest },
        static connection => connection.Core.Pull?.Discard());

    private WebSocketConnection? _current;

    /// <summary>Adds a connection.</summary>
    public void Attach(WebSocketConnection connection) => _connections.Writer.TryWrite(connection);

    /// <summary>There will be no other connection.</summary>
    /// <param name="reason">
    /// What the receiver gets once it has received every message; <see langword="null"/> if its messages just end.
    /// </param>
    public void End(Exception? reason) => _connections.Writer.TryComplete(reason);

    /// <summary>Waits for the next message.</summary>
    /// <returns><see langword="null"/> at the end.</returns>
    public async ValueTask<WebSocketMessage?> ReceiveAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (_current is null)
            {
                // Throws the reason of the end, if there is one.
                if (!await _connections.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    return null;
                }

                _connections.Reader.TryRead(out _current);
            }

            try
            {
                if (_current is not null)
                {
                    return await _current.ReceiveAsync(cancellationToken).ConfigureAwait(false);
                }
            }
            catch (WebSocketClosedException)
            {
                // How it ended is told to whoever decides whether there is another.
                _current = null;
            }
        }
    }
}
