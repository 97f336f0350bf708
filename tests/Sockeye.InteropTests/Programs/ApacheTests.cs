using System.Net;

namespace Sockeye.Tests;

/// <summary>Sockeye's client with Apache's mod_auth_digest, and Sockeye's server behind it.</summary>
public sealed class ApacheTests
{
    private static readonly NetworkCredential Alice = new("alice", "s3cret");

    [Theory]
    [InlineData("/")]
    [InlineData("/chat?room=1&name=%22a%22")]
    public async Task Client_authenticates_by_Digest_without_sending_the_password(string path)
    {
        await using BackendServer backend = await BackendServer.StartAsync();
        await using ApacheServer apache = await ApacheServer.StartAsync(backend.Server.LocalEndPoint, Alice);

        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(
            $"ws://127.0.0.1:{apache.Port}{path}",
            new WebSocketClientOptions { Credentials = Alice, UseProxy = false },
            Deadline.Token());
        await client.SendAsync("hello", Deadline.Token());

        Assert.Equal("hello", (await client.ReceiveMessageAsync(Deadline.Token())).GetText());
        WebSocketConnection server = await backend.NextConnectionAsync();
        Assert.StartsWith("Digest username=\"alice\"", server.Request!.Headers["Authorization"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("alice", "wrong")]
    [InlineData("bob", "s3cret")]
    public async Task Wrong_password_or_user_name_is_rejected(string user, string password)
    {
        await using BackendServer backend = await BackendServer.StartAsync();
        await using ApacheServer apache = await ApacheServer.StartAsync(backend.Server.LocalEndPoint, Alice);

        WebSocketHandshakeException thrown = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync(
                $"ws://127.0.0.1:{apache.Port}/",
                new WebSocketClientOptions { Credentials = new NetworkCredential(user, password), UseProxy = false },
                Deadline.Token()));

        Assert.Equal((WebSocketHandshakeError.UnexpectedStatusCode, 401), (thrown.Error, thrown.StatusCode));
    }
}
