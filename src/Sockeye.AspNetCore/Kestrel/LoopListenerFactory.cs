using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Sockeye.Transports.Loops;

namespace Sockeye.AspNetCore.Kestrel;

/// <summary>
/// Kestrel's transport over Sockeye's event loops, for the addresses that the options select; Kestrel's own transport serves the others.
/// </summary>
internal sealed class LoopListenerFactory : IConnectionListenerFactory, IConnectionListenerFactorySelector, IDisposable
{
    /// <summary>How long a stop waits for event loops that a handler blocks.</summary>
    public static readonly TimeSpan StopPatience = TimeSpan.FromMilliseconds(250);

    private readonly Lock _gate = new();
    private readonly MemoryPool<byte> _memory;
    private readonly PipeOptions _input;
    private readonly PipeOptions _output;
    private EventLoopGroup? _loops;

    /// <summary>Creates the transport. Its event loops start with the first address.</summary>
    public LoopListenerFactory(SockeyeTransportOptions options, ILoggerFactory loggers, IMemoryPoolFactory<byte> pools)
    {
        Options = options;
        Logger = loggers.CreateLogger("Sockeye.AspNetCore.Kestrel");
        _memory = pools.Create();

        // The server parses requests on the thread pool: an event loop must not wait for it. What it writes is sent in place.
        _input = new PipeOptions(
            _memory, PipeScheduler.ThreadPool, PipeScheduler.Inline, options.MaxReadBufferLength, options.MaxReadBufferLength / 2,
            useSynchronizationContext: false);
        _output = new PipeOptions(
            _memory, SoonScheduler.Instance, PipeScheduler.ThreadPool, options.MaxWriteBufferLength, options.MaxWriteBufferLength / 2,
            useSynchronizationContext: false);
    }

    /// <summary>The options.</summary>
    public SockeyeTransportOptions Options { get; }

    /// <summary>The log.</summary>
    public ILogger Logger { get; }

    /// <inheritdoc/>
    public bool CanBind(EndPoint endpoint) =>
        EventLoop.IsSupported && Options.EventLoop.IsEnabled && endpoint is IPEndPoint or UnixDomainSocketEndPoint
        && Options.Serves?.Invoke(endpoint) is not false;

    /// <inheritdoc/>
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        try
        {
            lock (_gate)
            {
                _loops ??= EventLoopGroup.Start(Options.EventLoop, TimeProvider.System);
            }

            return new(new LoopListener(this, _loops, endpoint));
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            // What Kestrel expects of a transport, and names the address for.
            throw new AddressInUseException(exception.Message, exception);
        }
    }

    /// <summary>Makes the connection of a transport.</summary>
    public LoopConnection CreateConnection(EventLoopTransport transport) => new(transport, _input, _output, _memory, Logger);

    /// <inheritdoc/>
    public void Dispose()
    {
        // Sockets that were handed over live on: the loops end with the last of them.
        lock (_gate)
        {
            _loops?.StopWhenEmpty();
        }

        _memory.Dispose();
    }
}
