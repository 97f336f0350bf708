using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;

namespace Sockeye.Tests;

/// <summary>SignalR with its clients, on ASP.NET Core's own WebSockets and on the drop-in.</summary>
public sealed class SignalRTests
{
    private const string Json = "json";
    private const string MessagePack = "messagepack";

    public static TheoryData<Stack, string> Setups() => new()
    {
        { Stack.Stock, Json }, { Stack.Stock, MessagePack }, { Stack.Sockeye, Json }, { Stack.Sockeye, MessagePack },
    };

    [Theory]
    [MemberData(nameof(Setups))]
    public async Task The_client_for_NET_invokes_streams_and_gets_what_groups_are_told(Stack stack, string protocol)
    {
        await using HubApp app = await HubApp.StartAsync(stack);
        await using HubConnection client = Build(app.Hub, protocol);
        Channel<string> told = Channel.CreateUnbounded<string>();
        client.On<string>("told", text => told.Writer.TryWrite(text));
        await client.StartAsync(Deadline.Token());
        app.AssertRunsOnStack(1);

        Assert.Equal("aé€漢😀", await client.InvokeAsync<string>("Echo", "aé€漢😀", Deadline.Token()));
        string text = new('x', 1024 * 1024);
        Assert.Equal(text, await client.InvokeAsync<string>("Echo", text, Deadline.Token()));
        Assert.Equal(new byte[] { 3, 2, 1 }, await client.InvokeAsync<byte[]>("Reverse", new byte[] { 1, 2, 3 }, Deadline.Token()));

        List<int> counted = [];
        await foreach (int number in client.StreamAsync<int>("Count", 1000, Deadline.Token()))
        {
            counted.Add(number);
        }

        Assert.Equal(Enumerable.Range(0, 1000), counted);
        Assert.Equal(500_500, await client.InvokeAsync<int>("Sum", Numbers(1000), Deadline.Token()));

        await client.InvokeAsync("Join", "room", Deadline.Token());
        await client.InvokeAsync("ToGroup", "another", "to others", Deadline.Token());
        await client.InvokeAsync("ToGroup", "room", "to the room", Deadline.Token());
        Assert.Equal("to the room", await told.Reader.ReadAsync(Deadline.Token()));

        await client.StopAsync(Deadline.Token());
    }

    [Theory]
    [InlineData(Stack.Stock)]
    [InlineData(Stack.Sockeye)]
    public async Task A_hub_that_aborts_its_caller_closes_the_client(Stack stack)
    {
        await using HubApp app = await HubApp.StartAsync(stack);
        await using HubConnection client = Build(app.Hub, Json);
        TaskCompletionSource<Exception?> closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        client.Closed += exception =>
        {
            closed.TrySetResult(exception);
            return Task.CompletedTask;
        };
        await client.StartAsync(Deadline.Token());

        await client.SendAsync("Leave", Deadline.Token());
        await closed.Task.WaitAsync(Deadline.Length);

        Assert.Equal(HubConnectionState.Disconnected, client.State);
    }

    [Theory]
    [MemberData(nameof(Setups))]
    public async Task A_stateful_reconnect_delivers_what_was_sent_while_the_transport_was_cut_once(Stack stack, string protocol)
    {
        await using HubApp app = await HubApp.StartAsync(stack);
        await using HubConnection client = Build(app.RelayedHub, protocol, isStateful: true);
        Channel<int> numbered = Channel.CreateUnbounded<int>();
        client.On<int>("numbered", number => numbered.Writer.TryWrite(number));
        await client.StartAsync(Deadline.Token());
        string? id = client.ConnectionId;

        for (int round = 0; round < 3; round++)
        {
            Assert.Equal(id, await client.InvokeAsync<string>("CutAndTell", 500, Deadline.Token()));
            for (int i = 0; i < 500; i++)
            {
                Assert.Equal(i, await numbered.Reader.ReadAsync(Deadline.Token()));
            }
        }

        Assert.Equal("still here", await client.InvokeAsync<string>("Echo", "still here", Deadline.Token()));
        Assert.False(numbered.Reader.TryRead(out _));
        Assert.InRange(app.Relay.CutCount, 6, int.MaxValue);
    }

    [Theory]
    [MemberData(nameof(Setups))]
    public async Task Two_hundred_clients_invoke_and_are_told_at_once(Stack stack, string protocol)
    {
        const int count = 200;
        await using HubApp app = await HubApp.StartAsync(stack);
        HubConnection[] clients = [.. Enumerable.Range(0, count).Select(_ => Build(app.Hub, protocol))];
        TaskCompletionSource<string>[] told = [.. clients.Select(_ => new TaskCompletionSource<string>())];
        await Task.WhenAll(clients.Select(async (client, i) =>
        {
            client.On<string>("told", text => told[i].TrySetResult(text));
            await client.StartAsync(Deadline.Token());
            await client.InvokeAsync("Join", "all", Deadline.Token());
        }));
        app.AssertRunsOnStack(count);

        string[] echoes = await Task.WhenAll(
            clients.Select((client, i) => client.InvokeAsync<string>("Echo", $"client {i}", Deadline.Token())));
        await clients[0].InvokeAsync("ToGroup", "all", "everybody", Deadline.Token());
        string[] heard = await Task.WhenAll(told.Select(one => one.Task)).WaitAsync(Deadline.Length);
        await Task.WhenAll(clients.Select(client => client.DisposeAsync().AsTask()));

        Assert.Equal(Enumerable.Range(0, count).Select(i => $"client {i}"), echoes);
        Assert.All(heard, text => Assert.Equal("everybody", text));
    }

    [Theory]
    [MemberData(nameof(Setups))]
    public async Task The_client_for_Node_runs_the_scenario(Stack stack, string protocol)
    {
        string node = PeerPrograms.RequireNode("@microsoft/signalr");
        await using HubApp app = await HubApp.StartAsync(stack);
        await using PeerProcess process = PeerProcess.Start(
            node, Path.Combine(PeerPrograms.Folder, "signalr", "peer.js"), app.RelayedHub.AbsoluteUri, protocol);

        using JsonDocument report = JsonDocument.Parse(await process.ReadLineAsync());

        AssertScenario(report.RootElement, protocol);
    }

    [Theory]
    [MemberData(nameof(Setups))]
    public async Task The_client_in_a_browser_runs_the_scenario(Stack stack, string protocol)
    {
        PeerPrograms.RequireChromium();
        PeerPrograms.RequireNode("@microsoft/signalr");
        await using HubApp app = await HubApp.StartAsync(stack);
        await using Chromium browser = Chromium.Start(app.PageFor(protocol));

        AssertScenario(await app.ReportAsync(), protocol);
    }

    private static void AssertScenario(JsonElement report, string protocol)
    {
        Assert.False(report.TryGetProperty("error", out JsonElement error), error.ToString());
        Assert.Equal("aé€漢😀", report.GetProperty("echo").GetString());
        Assert.Equal(1 << 20, report.GetProperty("longLength").GetInt32());
        Assert.Equal(Enumerable.Range(0, 100), NumbersIn(report, "counted"));
        Assert.Equal(5050, report.GetProperty("sum").GetInt32());
        Assert.Equal("to the room", Assert.Single(report.GetProperty("told").EnumerateArray()).GetString());
        Assert.True(report.GetProperty("sameConnection").GetBoolean());
        Assert.Equal(Enumerable.Range(0, 200), NumbersIn(report, "numbered"));
        Assert.Equal("back", report.GetProperty("echoAfterCut").GetString());
        if (protocol == MessagePack)
        {
            Assert.Equal([3, 2, 1], NumbersIn(report, "reversed"));
        }
    }

    private static IEnumerable<int> NumbersIn(JsonElement report, string name) =>
        report.GetProperty(name).EnumerateArray().Select(static number => number.GetInt32());

    private static HubConnection Build(Uri hub, string protocol, bool isStateful = false)
    {
        IHubConnectionBuilder builder = new HubConnectionBuilder().WithUrl(hub, HttpTransportType.WebSockets);
        builder = protocol == MessagePack ? builder.AddMessagePackProtocol() : builder;
        return (isStateful ? builder.WithStatefulReconnect() : builder).Build();
    }

    private static async IAsyncEnumerable<int> Numbers(int end)
    {
        for (int i = 1; i <= end; i++)
        {
            yield return i;
            await Task.Yield();
        }
    }
}
