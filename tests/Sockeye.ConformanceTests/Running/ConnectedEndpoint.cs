using Microsoft.Extensions.Logging.Abstractions;
using Sockeye.Connections;
using Sockeye.Protocol;
using Sockeye.Timing;
using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>A connection over a transport, without the opening handshake.</summary>
internal abstract class ConnectedEndpoint : EndpointUnderTest
{
    private readonly DeadlineWheel _wheel = DeadlineWheel.For(TimeProvider.System);
    private readonly EchoApplication _application;
    private WebSocketConnection? _connection;

    protected ConnectedEndpoint(TestedFace face) => _application = new EchoApplication(face);

    public override IReadOnlyList<PeerEvent> Delivered => _application.Delivered;

    /// <summary>The pool of the connection's buffers.</summary>
    public CountingPool Pool { get; } = new();

    public WebSocketConnection Connection =>
        _connection ?? throw new InvalidOperationException("The connection has not been opened.");

    public override void BeginClose(int closeCode, string reason) =>
        _ = Connection.CloseAsync((WebSocketCloseCode)closeCode, reason).AsTask();

    public override async Task<ExpectedResult> GetResultAsync(CancellationToken deadline)
    {
        WebSocketCloseResult result = await Connection.Closed.WaitAsync(deadline);
        return new ExpectedResult((int)result.Code, result.WasClean);
    }

    public override void AssertAllReturned() => Pool.AssertAllReturned();

    public override ValueTask DisposeAsync()
    {
        Connection.Abort();
        return ValueTask.CompletedTask;
    }

    protected void Open(Transport transport, TestedRole role, long maxMessageLength, AgreedCompression? compression)
    {
        WebSocketConnectionOptions options = new()
        {
            Limits = new LimitOptions { MaxMessageLength = maxMessageLength },

            // The endpoint must not send on its own.
            KeepAlive = KeepAliveOptions.Disabled,
        };
        ConnectionSettings settings = new(
            role == TestedRole.Server ? Role.Server : Role.Client, options, _wheel, NullLogger.Instance, Pool)
        {
            Codecs = compression?.Codecs,
        };
        _connection = new WebSocketConnection(
            transport, settings, _application.Handler, subprotocol: null, compression?.Endpoint);
        _connection.Core.Start();
        transport.Start();
    }
}
