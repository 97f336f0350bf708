using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Sockeye.Transports.Loops;

namespace Sockeye.AspNetCore.Kestrel;

/// <summary>
/// A connection of Kestrel over a socket on an event loop. Its socket can be handed over to a WebSocket connection: then this object ends
/// with its request, and the socket stays.
/// </summary>
internal sealed class LoopConnection
    : ConnectionContext, IConnectionEnd, ISocketHandOver, IConnectionIdFeature, IConnectionTransportFeature, IConnectionItemsFeature,
        IConnectionLifetimeFeature, IConnectionEndPointFeature, IMemoryPoolFeature
{
    private const int FeatureCount = 12;

    private static readonly TimeSpan MaxResponseTime = TimeSpan.FromSeconds(10);

    private static long LastNumber = Random.Shared.Next();

    private readonly ILogger _logger;
    private readonly EventLoopTransport _transport;
    private readonly HttpInput _input;
    private readonly HttpOutput _output;
    private readonly CancellationTokenSource _closed = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isHandedOver;
    private volatile WebSocketConnection? _kept;
    private string? _id;

    /// <summary>Takes over a transport, which has not been started.</summary>
    /// <param name="transport">The transport.</param>
    /// <param name="input">The pipe that the server reads from.</param>
    /// <param name="output">The pipe that the server writes to.</param>
    /// <param name="memory">Where the server takes its buffers from.</param>
    /// <param name="logger">The log.</param>
    public LoopConnection(
        EventLoopTransport transport, PipeOptions input, PipeOptions output, MemoryPool<byte> memory, ILogger logger)
    {
        _logger = logger;
        var received = new Pipe(input);
        var sent = new Pipe(output);
        _transport = transport;
        MemoryPool = memory;
        Pipe = new Upgrades.DuplexPipe(received.Reader, sent.Writer);
        Transport = Pipe;
        _output = new HttpOutput(transport, sent.Reader);
        _input = new HttpInput(transport, received.Writer, _output, this);
        LocalEndPoint = transport.LocalEndPoint;
        RemoteEndPoint = transport.RemoteEndPoint;
        ConnectionClosed = _closed.Token;
        Features = new FeatureCollection(FeatureCount);
        Features.Set<IConnectionIdFeature>(this);
        Features.Set<IConnectionTransportFeature>(this);
        Features.Set<IConnectionItemsFeature>(this);
        Features.Set<IConnectionLifetimeFeature>(this);
        Features.Set<IConnectionEndPointFeature>(this);
        Features.Set<IMemoryPoolFeature>(this);
        Features.Set<ISocketHandOver>(this);
    }

    /// <inheritdoc/>
    public IDuplexPipe Pipe { get; }

    /// <inheritdoc/>
    public MemoryPool<byte> MemoryPool { get; }

    /// <inheritdoc/>
    public override IFeatureCollection Features { get; }

    /// <inheritdoc cref="ConnectionContext"/>
    public override string ConnectionId
    {
        get => _id ??= Interlocked.Increment(ref LastNumber).ToString("X13", CultureInfo.InvariantCulture);
        set => _id = value;
    }

    /// <inheritdoc cref="ConnectionContext"/>
    public override IDictionary<object, object?> Items
    {
        get => field ??= new ConnectionItems();
        set;
    }

    /// <inheritdoc cref="ConnectionContext"/>
    public override IDuplexPipe Transport { get; set; }

    /// <inheritdoc cref="ConnectionContext"/>
    public override CancellationToken ConnectionClosed { get; set; }

    /// <inheritdoc cref="ConnectionContext"/>
    public override EndPoint? LocalEndPoint { get; set; }

    /// <inheritdoc cref="ConnectionContext"/>
    public override EndPoint? RemoteEndPoint { get; set; }

    /// <summary>Begins to receive and to send.</summary>
    public void Start()
    {
        _transport.Sink = _input;
        _output.Start();
        _transport.Start();
    }

    /// <inheritdoc/>
    public async Task<WebSocketConnection> HandOverAsync(WebSocketPreparedUpgrade upgrade, bool keepsRequest)
    {
        await SendResponseAsync().ConfigureAwait(false);
        var opened = new TaskCompletionSource<WebSocketConnection>(TaskCreationOptions.RunContinuationsAsynchronously);
        new SinkHandOver(
            _transport,
            () => opened.SetResult(Take(upgrade, keepsRequest)),
            error => opened.TrySetException(new ClientLostException("The client has disconnected.", error))).Begin();
        WebSocketConnection connection = await opened.Task.ConfigureAwait(false);
        if (keepsRequest)
        {
            _ = NoteEndAsync(connection);
        }

        return connection;
    }

    /// <inheritdoc/>
    public void OnInputEnded() => _ = CancelClosedAsync();

    /// <inheritdoc/>
    public void OnClosed()
    {
        // Not on the loop: the server's and the application's registrations run here.
        _ = CancelClosedAsync();
        _ended.TrySetResult();
    }

    /// <inheritdoc cref="ConnectionContext"/>
    /// <remarks>A socket that was handed over is not the server's any more: <see cref="WebSocketConnection.Abort"/> ends it.</remarks>
    public override void Abort(ConnectionAbortedException abortReason)
    {
        if (!_isHandedOver)
        {
            _transport.Abort(abortReason);
        }
        else
        {
            _kept?.Abort();
        }
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await Pipe.Input.CompleteAsync().ConfigureAwait(false);
        await Pipe.Output.CompleteAsync().ConfigureAwait(false);
        if (!_isHandedOver)
        {
            await _ended.Task.ConfigureAwait(false);
        }

        await base.DisposeAsync().ConfigureAwait(false);
    }

    // The response is in the pipe. A client that has not read earlier responses must not hold its place among the connections for long.
    private async Task SendResponseAsync()
    {
        try
        {
            await _output.StopAsync().WaitAsync(MaxResponseTime).ConfigureAwait(false);
        }
        catch (TimeoutException exception)
        {
            _transport.Abort(exception);
            throw new ClientLostException("The client has not read the response.", exception);
        }
    }

    // On the loop's thread, and not during a call to the input.
    private WebSocketConnection Take(WebSocketPreparedUpgrade upgrade, bool keepsRequest)
    {
        byte[] received = [];
        if (Pipe.Input.TryRead(out ReadResult result))
        {
            received = result.Buffer.ToArray();
            Pipe.Input.AdvanceTo(result.Buffer.End);
        }

        try
        {
            WebSocketConnection connection = upgrade.AttachOnLoop(_transport, received);
            _kept = keepsRequest ? connection : null;
            _isHandedOver = true;
            _input.Complete(error: null);
            return connection;
        }
        catch
        {
            _transport.Sink = _input;
            throw;
        }
    }

    // While the request is open, the server and the application expect to hear of the end.
    private async Task NoteEndAsync(WebSocketConnection connection)
    {
        await connection.Closed.ConfigureAwait(false);
        await CancelClosedAsync().ConfigureAwait(false);
    }

    // Calls back on the thread pool: the registrations are code of the server and of the application.
    private async Task CancelClosedAsync()
    {
        try
        {
            await _closed.CancelAsync().ConfigureAwait(false);
        }
        catch (AggregateException exception)
        {
            _logger.RegistrationThrew(ConnectionId, exception);
        }
    }
}
