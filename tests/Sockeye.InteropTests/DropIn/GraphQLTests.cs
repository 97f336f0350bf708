using System.Net.WebSockets;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;

namespace Sockeye.Tests;

/// <summary>A GraphQL server that takes a <see cref="WebSocket"/>, with the client of npm graphql-ws.</summary>
public sealed class GraphQLTests
{
    [Theory]
    [InlineData(Stack.Stock)]
    [InlineData(Stack.Sockeye)]
    public async Task The_client_queries_and_subscribes(Stack stack)
    {
        string node = PeerPrograms.RequireNode("graphql-ws");
        await using SocketApp app = await SocketApp.StartAsync(stack, static app => app.Map("/graphql", static async context =>
        {
            using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync(GraphQLEndpoint.Subprotocol);
            await GraphQLEndpoint.ServeAsync(socket);
        }));
        Uri address = new UriBuilder(app.Echo) { Path = "/graphql" }.Uri;
        await using PeerProcess process = PeerProcess.Start(node, Path.Combine(PeerPrograms.Folder, "graphql", "peer.js"), address.AbsoluteUri);

        using JsonDocument document = JsonDocument.Parse(await process.ReadLineAsync());
        JsonElement report = document.RootElement;

        Assert.False(report.TryGetProperty("failure", out JsonElement failure), failure.ToString());
        Assert.Equal("Hello, aé€漢😀!", report.GetProperty("hello").GetString());
        Assert.Equal(
            [Enumerable.Range(1, 10), Enumerable.Range(1, 100), Enumerable.Range(1, 1000)],
            report.GetProperty("counts").EnumerateArray().Select(static counts => counts.EnumerateArray().Select(static one => one.GetInt32())));
        Assert.Contains("nothing", report.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal(1, report.GetProperty("first").GetInt32());
        Assert.Equal("Hello, again!", report.GetProperty("helloAfter").GetString());
    }
}
