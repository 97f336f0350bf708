using System.IO.Pipelines;
using Sockeye.Transports;

namespace Sockeye.AspNetCore.Kestrel;

/// <summary>
/// Sends what the server writes into its pipe: in place, on the thread that flushes it, so that a response costs no hop between threads.
/// </summary>
internal sealed class HttpOutput(Transport transport, PipeReader pipe)
{
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();

    // Guarded by _gate: a write that waits for the client, and what has gone wrong.
    private TaskCompletionSource? _writing;
    private Exception? _error;
    private volatile bool _isStopping;

    /// <summary>Begins to send.</summary>
    public void Start() => _ = SendAsync();

    /// <summary>Sends what is in the pipe, and nothing after that: the transport is not closed at the end.</summary>
    /// <returns>A task that completes when all of it was sent.</returns>
    /// <exception cref="IOException">The client has disconnected.</exception>
    public Task StopAsync()
    {
        _isStopping = true;
        pipe.CancelPendingRead();
        return _stopped.Task;
    }

    /// <summary>The write that waited has been written.</summary>
    public void OnWritten() => EndWrite(null);

    /// <summary>Nothing can be sent any more.</summary>
    public void OnFailed(Exception error)
    {
        EndWrite(error);
        pipe.CancelPendingRead();
    }

    private async Task SendAsync()
    {
        Exception? failure = null;
        try
        {
            while (await SendOnceAsync().ConfigureAwait(false))
            {
            }
        }
        catch (Exception exception)
        {
            failure = exception;
        }

        await pipe.CompleteAsync().ConfigureAwait(false);
        if (!_isStopping || failure is not null)
        {
            // The server is done with the connection.
            transport.Close();
        }

        if (failure is null)
        {
            _stopped.TrySetResult();
        }
        else
        {
            _stopped.TrySetException(new ClientLostException("The client has disconnected.", failure));
            _ = _stopped.Task.Exception;
        }
    }

    // Returns whether to go on.
    private async ValueTask<bool> SendOnceAsync()
    {
        ReadResult result = await pipe.ReadAsync().ConfigureAwait(false);
        if (Error is { } error)
        {
            throw error;
        }

        foreach (ReadOnlyMemory<byte> segment in result.Buffer)
        {
            await WriteAsync(segment).ConfigureAwait(false);
        }

        pipe.AdvanceTo(result.Buffer.End);
        return !result.IsCompleted && !(result.IsCanceled && _isStopping);
    }

    private ValueTask WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        int written = transport.TryWrite(bytes.Span);
        return written == bytes.Length ? default : WriteRestAsync(bytes[written..]);
    }

    private async ValueTask WriteRestAsync(ReadOnlyMemory<byte> bytes)
    {
        TaskCompletionSource writing = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_error is not null)
            {
                throw _error;
            }

            _writing = writing;
        }

        if (transport.Write(bytes))
        {
            EndWrite(null);
        }

        await writing.Task.ConfigureAwait(false);
    }

    private Exception? Error
    {
        get
        {
            lock (_gate)
            {
                return _error;
            }
        }
    }

    private void EndWrite(Exception? error)
    {
        TaskCompletionSource? writing;
        lock (_gate)
        {
            _error ??= error;
            writing = _writing;
            _writing = null;
        }

        if (error is null)
        {
            writing?.TrySetResult();
        }
        else
        {
            writing?.TrySetException(error);
        }
    }
}
