using System.Buffers;
using System.IO.Pipelines;
using Sockeye.Connections.Receiving;
using Sockeye.Protocol;

namespace Sockeye.Streams;

/// <summary>A whole connection as a duplex pipe.</summary>
internal sealed class ConnectionPipe : IDuplexPipe
{
    private readonly WebSocketConnection _connection;
    private readonly PullReceiver _pull;

    /// <summary>Makes a pipe of a connection.</summary>
    public ConnectionPipe(WebSocketConnection connection, PullReceiver pull, WebSocketMessageKind kind)
    {
        _connection = connection;
        _pull = pull;

        // What the application holds back does not count as memory of the connection, which may be gone before it is returned.
        ArrayPool<byte> pool = connection.Core.Settings.UncountedPool;
        Input = new PipeInput(pull, pool, OnInputCompleted);
        Output = new PipeOutput(connection, kind, pool, OnOutputCompleted);
    }

    /// <inheritdoc/>
    public PipeReader Input { get; }

    /// <inheritdoc/>
    public PipeWriter Output { get; }

    private void OnInputCompleted(Exception? exception)
    {
        if (exception is not null)
        {
            _connection.Fail(WebSocketCloseCode.InternalError);
        }

        // So that a Close frame behind the unread messages is reached.
        _pull.Discard();
    }

    private void OnOutputCompleted(Exception? exception)
    {
        if (exception is not null)
        {
            _connection.Fail(WebSocketCloseCode.InternalError);
            return;
        }

        _connection.Core.BeginClose(new CloseStatus(WebSocketCloseCode.NormalClosure, ""));
    }
}
