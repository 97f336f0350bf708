using Sockeye.Protocol.Tests;

namespace Sockeye.Tests;

/// <summary>Every invalid request is sent to real servers in pieces: its status, and no leak.</summary>
public sealed class RejectedRequestsTests
{
    private const int ParallelCount = 16;

    // In one piece, in two, and in very many: a length that divides no request.
    private static readonly int[] PieceCounts = [1, 2, 97];
    private static readonly ServerKind[] Kinds = [ServerKind.EventLoop, ServerKind.Socket];

    public static IEnumerable<TheoryDataRow<ServerKind, int>> Segmentations =>
        from kind in Kinds
        from count in PieceCounts
        select new TheoryDataRow<ServerKind, int>(kind, count) { Skip = kind.WhyNot() };

    [Theory]
    [MemberData(nameof(Segmentations))]
    public async Task Each_malformed_request_gets_its_status_and_leaks_no_socket(ServerKind kind, int pieces)
    {
        HandshakeCase[] cases = [.. RejectedRequests.All];
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            Servers.OptionsOf(kind), (_, _) => throw new InvalidOperationException("No connection was to be served."));

        await Parallel.ForEachAsync(
            cases,
            new ParallelOptions { MaxDegreeOfParallelism = ParallelCount },
            async (@case, _) =>
            {
                using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);
                Task<string> answer = client.ReadToEndAsync();
                await SendAsync(client, HeadText.Bytes(@case.Head), pieces);
                string response = await answer;

                Assert.True(
                    response.StartsWith($"HTTP/1.1 {@case.Status} ", StringComparison.Ordinal), $"{@case.Name}: {response}");
                Assert.True(response.LastIndexOf("HTTP/1.1 ", StringComparison.Ordinal) == 0, @case.Name);

                // 505 is what HTTP has for another version of it; no other of the server's own faults is among them.
                Assert.True(@case.Status is < 500 or 505, @case.Name);
            });

        await Deadlines.UntilAsync(() => server.PendingHandshakeCount == 0, "no socket is left");
        Assert.Empty(server.GetConnections());
    }

    private static async Task SendAsync(RawPeer client, byte[] bytes, int pieces)
    {
        int length = (bytes.Length / pieces) + 1;
        for (int start = 0; start < bytes.Length; start += length)
        {
            try
            {
                await client.SendAsync(bytes.AsMemory(start, Math.Min(length, bytes.Length - start)));
            }
            catch (IOException)
            {
                // Refused before all of it was sent, and the answer was fetched.
                return;
            }
        }
    }
}
