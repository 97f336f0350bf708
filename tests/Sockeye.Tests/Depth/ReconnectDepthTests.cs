using System.Net.Sockets;

namespace Sockeye.Tests;

/// <summary>
/// No number of attempts to connect makes a stack deep, be they over as soon as they begin. All threads of these tests have a
/// small stack (runtimeconfig.template.json).
/// </summary>
public sealed class ReconnectDepthTests
{
    [Fact]
    public async Task A_client_whose_attempts_fail_at_once_retries_with_constant_stack()
    {
        // Not a million, since each throws in several places; one level of them would take more than a hundred bytes of stack.
        const int Attempts = 5_000;
        int attempts = 0;
        await using var client = new WebSocketReconnectingClient("ws://localhost/", new WebSocketReconnectOptions
        {
            NextRandom = static () => 0,
            ShouldReconnect = _ => attempts < Attempts,
            Client = new WebSocketClientOptions
            {
                UseProxy = false,
                ConnectCallback = (_, _) =>
                {
                    attempts++;
                    throw new SocketException((int)SocketError.ConnectionRefused);
                },
            },
        });

        await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => client.StartAsync(TestContext.Current.CancellationToken)
                .WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken));

        Assert.Equal(Attempts, attempts);
    }
}
