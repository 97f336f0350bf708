using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>A duplex pipe over a socket, as an HTTP server has it: with pumps, a bounded output, and an end that the owner of the pipe sees.</summary>
internal sealed class SocketPipe : IDuplexPipe
{
    private readonly Pipe _input = new(new PipeOptions(useSynchronizationContext: false));
    private readonly Pipe _output = new(new PipeOptions(useSynchronizationContext: false));
    private readonly Socket _socket;
    private volatile bool _isReset;

    private SocketPipe(Socket socket) => _socket = socket;

    public PipeReader Input => _input.Reader;

    public PipeWriter Output => _output.Writer;

    /// <summary>A transport over a pipe over a socket, which is closed when the transport has ended.</summary>
    public static PipeTransport Over(Socket socket, ArrayPool<byte> pool)
    {
        var pipe = new SocketPipe(socket);
        var transport = new PipeTransport(pipe, pool, socket.LocalEndPoint, socket.RemoteEndPoint, _ => pipe.Reset());
        _ = pipe.RunAsync(transport);
        return transport;
    }

    private async Task RunAsync(PipeTransport transport)
    {
        Task receiving = ReceiveAsync();
        Task sending = SendAsync();
        await transport.Ended;
        await _output.Writer.CompleteAsync();
        await sending;
        if (!_isReset)
        {
            // A socket that is disposed of during a receive is reset.
            try
            {
                _socket.Shutdown(SocketShutdown.Both);
            }
            catch (SocketException)
            {
                // The peer has reset it.
            }
        }

        await _input.Reader.CompleteAsync();
        await receiving;
        _socket.Dispose();
    }

    private void Reset()
    {
        _isReset = true;
        _socket.Close(timeout: 0);
    }

    private async Task ReceiveAsync()
    {
        Exception? error = null;
        try
        {
            while (await _socket.ReceiveAsync(_input.Writer.GetMemory()) is > 0 and var length)
            {
                _input.Writer.Advance(length);
                if ((await _input.Writer.FlushAsync()).IsCompleted)
                {
                    break;
                }
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            error = exception;
        }

        await _input.Writer.CompleteAsync(error);
    }

    private async Task SendAsync()
    {
        try
        {
            ReadResult result;
            do
            {
                result = await _output.Reader.ReadAsync();
                foreach (ReadOnlyMemory<byte> segment in result.Buffer)
                {
                    await _socket.SendAsync(segment);
                }

                _output.Reader.AdvanceTo(result.Buffer.End);
            }
            while (!result.IsCompleted);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The writer is told by the completion of the reader.
        }

        await _output.Reader.CompleteAsync();
    }
}
