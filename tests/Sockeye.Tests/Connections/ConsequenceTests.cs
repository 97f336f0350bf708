using Microsoft.Extensions.Logging;
using Sockeye.Connections;
using Sockeye.Memory;
using Sockeye.Protocol;
using Sockeye.Timing;

namespace Sockeye.Tests;

/// <summary>Exceptions of an application that only follow from the end of its connection.</summary>
public sealed class ConsequenceTests : ILogger
{
    private readonly List<int> _events = [];

    public static TheoryData<string, Func<WebSocketClosedException, Exception>, int> Exceptions => new()
    {
        { "of a send", static closed => closed, 204 },
        { "of a stream", static closed => new IOException("The connection is closed.", closed), 204 },
        { "of a socket", static closed => new System.Net.WebSockets.WebSocketException("closed", new IOException("closed", closed)), 204 },
        { "of a token", static _ => new OperationCanceledException(), 204 },
        { "of the application", static _ => new IOException("The disk is full."), 203 },
    };

    [Theory]
    [MemberData(nameof(Exceptions))]
    public async Task An_exception_that_follows_from_the_end_is_not_logged_as_a_fault(
        string origin, Func<WebSocketClosedException, Exception> create, int expected)
    {
        Assert.NotEmpty(origin);
        var settings = new ConnectionSettings(
            Role.Server, new WebSocketConnectionOptions(), new DeadlineWheel(new ManualTimeProvider()), this, new CountingPool(),
            new MemoryBudget(), new MemoryBudget());
        var transport = new InMemoryTransport();
        var connection = new WebSocketConnection(transport, settings, handler: null);
        connection.Core.Start();
        transport.Start();
        transport.Break(new IOException("reset"));
        WebSocketCloseResult result = await connection.Closed.WithDeadline();
        _events.Clear();

        connection.Core.OnHandlerFailed(create(new WebSocketClosedException(result)));

        Assert.Equal([expected], _events);
        Assert.Same(result, await connection.Closed);
    }

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    bool ILogger.IsEnabled(LogLevel logLevel) => true;

    void ILogger.Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _events.Add(eventId.Id);
}
