using System.Diagnostics;
using System.Net;

namespace Sockeye.Tests;

public sealed class ObserveHowToTests
{
    // snippet: a source of activities
    private static readonly ActivitySource Source = new("MyServer");
    // end snippet

    [Fact]
    public void Connections_can_be_traced()
    {
        // snippet: trace connections
        var options = new WebSocketServerOptions
        {
            EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
            Connection = new() { TraceConnection = true },
        };
        // end snippet

        Assert.True(options.Connection.TraceConnection);
    }

    [Fact]
    public async Task A_message_can_have_an_activity_of_its_own()
    {
        using var listener = new ActivityListener
        {
            ShouldListenTo = other => other.Name is "MyServer" or "Sockeye",
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
        };
        ActivitySource.AddActivityListener(listener);
        var serverOptions = new WebSocketServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) };
        await using var server = await WebSocketServer.StartAsync(serverOptions, new Echo());
        await using WebSocketConnection connection = await WebSocketClient.ConnectAsync(
            $"ws://127.0.0.1:{server.Port}/", new WebSocketClientOptions { Connection = new() { TraceConnection = true } });

        // snippet: an activity for a message
        using Activity? activity = Source.StartActivity(
            "order", ActivityKind.Consumer, connection.Activity?.Context ?? default);
        // end snippet

        Assert.NotNull(activity);
        Assert.Equal(connection.Activity!.SpanId, activity.ParentSpanId);
    }
}
