using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Sockeye.Transports;

namespace Sockeye.AspNetCore.Kestrel;

/// <summary>
/// The sink of a connection that speaks HTTP: copies what has arrived into the pipe that the server reads from. On the loop's thread.
/// </summary>
/// <remarks>The server's code continues on the thread pool: only frames are handled on the loop.</remarks>
internal sealed class HttpInput(Transport transport, PipeWriter pipe, HttpOutput output, IConnectionEnd end) : ITransportSink
{
    // The server reads no more: what still arrives is dropped.
    private bool _isOver;

    /// <inheritdoc/>
    public ReadVerdict OnReceived(Span<byte> bytes)
    {
        if (_isOver)
        {
            return ReadVerdict.Continue;
        }

        pipe.Write(bytes);
        ValueTask<FlushResult> flushing = pipe.FlushAsync();
        if (flushing.IsCompletedSuccessfully)
        {
            _isOver = flushing.Result.IsCompleted;
            return ReadVerdict.Continue;
        }

        _ = ResumeAfterAsync(flushing);
        return ReadVerdict.Pause;
    }

    /// <inheritdoc/>
    public ReadVerdict OnReadingResumed() => ReadVerdict.Continue;

    /// <inheritdoc/>
    public void OnWritten() => output.OnWritten();

    /// <inheritdoc/>
    public void OnOutputFailed(Exception error)
    {
        output.OnFailed(error);
        transport.Abort(error);
    }

    /// <inheritdoc/>
    public void OnInputEnded()
    {
        Complete(error: null);
        end.OnInputEnded();
    }

    /// <inheritdoc/>
    public void OnClosed(Exception? error)
    {
        // As Kestrel's own transport reports it: what the client did is not logged as an error of the server.
        Exception? reason = error is null or ConnectionAbortedException ? error : new ConnectionResetException(error.Message, error);
        Complete(reason);
        output.OnFailed(reason ?? new ConnectionAbortedException());
        end.OnClosed();
    }

    /// <summary>Ends the pipe: the socket has another sink now.</summary>
    public void Complete(Exception? error)
    {
        _isOver = true;
        pipe.Complete(error);
    }

    private async Task ResumeAfterAsync(ValueTask<FlushResult> flushing)
    {
        await flushing.ConfigureAwait(false);
        transport.ResumeReading();
    }
}
