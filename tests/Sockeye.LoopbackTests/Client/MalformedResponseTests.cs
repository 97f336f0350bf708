using System.Globalization;
using System.Text;

namespace Sockeye.Tests;

/// <summary>
/// Malformed responses, however they are split: each fails with its exact error, and no socket is leaked.
/// </summary>
[Collection(nameof(ClientAttemptTests))]
public sealed class MalformedResponseTests : IAsyncLifetime
{
    private int _descriptors;

    public static IEnumerable<TheoryDataRow<int, string>> Cases =>
        MalformedAnswers.All.Select((one, index) => new TheoryDataRow<int, string>(
            index, string.Create(CultureInfo.InvariantCulture, $"{one.Error}: {Shown(one.Answer)}")));

    public async ValueTask InitializeAsync()
    {
        foreach (ClientKind kind in Clients.Kinds)
        {
            await AssertRefusedAsync(kind, WebSocketHandshakeError.UnexpectedStatusCode, 404, "HTTP/1.1 404 No\r\n\r\n", 1_000);
        }

        _descriptors = Descriptors.Count();
    }

    public ValueTask DisposeAsync() => default;

    [Fact]
    public void The_catalogue_has_more_than_200_responses()
    {
        Assert.True(MalformedAnswers.All.Count >= 200, $"{MalformedAnswers.All.Count}");
        Assert.Equal(MalformedAnswers.All.Count, MalformedAnswers.All.Select(one => one.Answer).Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public async Task A_malformed_response_fails_with_its_error_however_it_is_split(int index, string shown)
    {
        (WebSocketHandshakeError error, int? status, string answer) = MalformedAnswers.All[index];
        Assert.NotEmpty(shown);

        foreach (ClientKind kind in Clients.Kinds)
        {
            foreach (int pieceLength in new[] { answer.Length > 2_000 ? 1_000 : 1, 7_919, answer.Length })
            {
                await AssertRefusedAsync(kind, error, status, answer, Math.Max(pieceLength, 1));
            }

            await AssertRefusedAsync(kind, error, status, answer, Math.Max(answer.Length / 2, 1));
        }

        await Deadlines.UntilAsync(() => Descriptors.Count() <= _descriptors, "all descriptors are closed");
    }

    private static async Task AssertRefusedAsync(
        ClientKind kind, WebSocketHandshakeError error, int? status, string answer, int pieceLength)
    {
        using var server = new RawServer(Servers.OwnAddress);
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            server.Address,
            new WebSocketClientOptions { Subprotocols = ["chat", "more"], UseEventLoop = kind.UsesEventLoop() });
        (RawPeer peer, string request) = await server.AcceptAsync();
        using RawPeer _ = peer;
        byte[] bytes = Encoding.Latin1.GetBytes(Filled(answer, RawServer.Header(request, "Sec-WebSocket-Key")));

        try
        {
            foreach (byte[] piece in bytes.Chunk(pieceLength))
            {
                await peer.SendAsync(piece);
            }

            peer.EndOutput();
        }
        catch (Exception exception) when (exception is IOException or System.Net.Sockets.SocketException)
        {
            // The client has heard enough.
        }

        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());
        Assert.Equal((error, status), (thrown.Error, thrown.StatusCode));
        HostileText.AssertEscaped(thrown.Message);
        HostileText.AssertEscaped(thrown.ToString(), hasLines: true);
        Assert.False(server.HasPending, "The client has connected a second time.");
    }

    private static string Filled(string answer, string key)
    {
        string accept = RawServer.AcceptFor(key);
        return answer
            .Replace("{accept}", accept, StringComparison.Ordinal)
            .Replace("{key}", key, StringComparison.Ordinal)
            .Replace("{lower}", accept.ToLowerInvariant(), StringComparison.Ordinal)
            .Replace("{upper}", accept.ToUpperInvariant(), StringComparison.Ordinal)
            .Replace("{short}", accept[..^1], StringComparison.Ordinal)
            .Replace("{spaced}", accept.Insert(9, " "), StringComparison.Ordinal)
            .Replace("{url}", accept.Replace('=', '.'), StringComparison.Ordinal)
            .Replace("{hex}", Convert.ToHexString(Convert.FromBase64String(accept)), StringComparison.Ordinal);
    }

    private static string Shown(string answer) => string.Concat(answer.Take(300)
        .Select(c => c is >= ' ' and <= '~' ? c.ToString() : $"\\x{(int)c:X2}"));
}
