using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.Extensions.Logging;
using Sockeye.Server.Listening;
using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>A server keeps a reserve of descriptors free, however many clients connect.</summary>
public sealed class DescriptorLimitTests
{
    private const int DescriptorsShort = 305;

    private static readonly int[] SlowCallbacks = [106, 208];

    // The server is another process, which makes its own certificate.
    private static readonly SslClientAuthenticationOptions AnyCertificate = new()
    {
        TargetHost = "localhost",
        RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate?.Subject == "CN=localhost",
    };

    public DescriptorLimitTests() => Assert.SkipWhen(OperatingSystem.IsWindows(), "There is no such limit.");

    [Theory]
    [EachServer]
    public async Task A_process_with_few_descriptors_survives_300_clients_at_once_and_serves_a_new_one(ServerKind kind)
    {
        const int Descriptors = 140;
        const int Clients = 300;
        using LimitedServer server = await LimitedServer.StartAsync(kind, Descriptors);

        // All at once, before the first handshake of the process.
        Visit[] visits = await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => VisitAsync(kind, server)));

        Assert.False(server.HasExited, string.Join('\n', server.Log));
        Assert.Contains(visits, visit => visit.Status == 101);
        Assert.All(visits, visit => Assert.Contains(visit.Status, new int?[] { 101, 503, null }));
        Assert.Contains(visits, visit => visit.Status != 101);

        // The reserve is free, although 300 clients were there, once those that were rejected have gone.
        if (OperatingSystem.IsLinux())
        {
            await Deadlines.UntilAsync(() => server.DescriptorCount <= Descriptors - 32, "the reserve is free");
            Assert.InRange(server.DescriptorCount, Descriptors / 2, Descriptors - 32);
        }

        // No handshake failed unexpectedly, and the shortage was logged once. On a busy machine a callback may also be slow.
        string[] log = [.. server.Log.Where(line => !SlowCallbacks.Any(id => line.StartsWith($"log {id} ", StringComparison.Ordinal)))];
        Assert.StartsWith($"log {DescriptorsShort} ", Assert.Single(log), StringComparison.Ordinal);
        foreach (Visit visit in visits.Where(visit => visit.Status == 101))
        {
            await visit.Client!.SendMaskedAsync(RawFrame.Text, 0x61);
            Assert.Equal("a", (await visit.Client.ReadFrameAsync()).PayloadText);
        }

        Array.ForEach(visits, visit => visit.Client?.Dispose());
        Visit next = default;
        for (int attempt = 0; attempt < 500 && next.Status != 101; attempt++)
        {
            next = await VisitAsync(kind, server);
        }

        Assert.Equal(101, next.Status);
        next.Client!.Dispose();
    }

    [Theory]
    [EachServer]
    public async Task Silent_clients_of_one_address_do_not_exhaust_the_descriptors(ServerKind kind)
    {
        using LimitedServer server = await LimitedServer.StartAsync(kind, descriptors: 200);
        var silent = new List<RawPeer>();
        for (int i = 0; i < 200; i++)
        {
            silent.Add(await RawPeer.ConnectAsync(server.EndPoint));
        }

        Visit visit = await VisitAsync(kind, server, IPAddress.Parse("127.0.0.2"));

        Assert.Equal(101, visit.Status);
        visit.Client!.Dispose();
        silent.ForEach(peer => peer.Dispose());
    }

    [Theory]
    [EachServer]
    public async Task A_client_that_needs_a_reserved_descriptor_is_rejected_until_more_are_free(ServerKind kind)
    {
        int limit = 0;
        int told = 0;
        var log = new CapturingLoggerFactory();
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            Tls = kind.Tls(),
            LoggerFactory = log,
            DescriptorLimit = () => Volatile.Read(ref limit),
            OnHandshakeFailed = failure =>
            {
                Assert.Equal((WebSocketHandshakeError.TooManyConnections, 503), (failure.Error, failure.StatusCode));
                Interlocked.Increment(ref told);
                return null;
            },
        });

        for (int attempt = 0; attempt < 3; attempt++)
        {
            using RawPeer refused = await RawPeer.ConnectAsync(server.LocalEndPoint);
            string answer = await refused.ReadToEndAsync();
            Assert.StartsWith(kind.IsSecure() ? "" : "HTTP/1.1 503 ", answer, StringComparison.Ordinal);
            Assert.Equal(kind.IsSecure(), answer.Length == 0);
        }

        Volatile.Write(ref limit, DescriptorLimit.None);
        await using WebSocketConnection connection = await WebSocketClient.ConnectAsync(
            server.Address(scheme: kind.Scheme()), new WebSocketClientOptions { Tls = kind.ClientTls() });
        Assert.Equal(3, told);
        Assert.Single(log.Entries, entry => entry is { EventId: DescriptorsShort, Level: LogLevel.Warning });
    }

    [Theory]
    [InlineData(DescriptorLimit.None, null, null)]
    [InlineData(0, 1, 1)]
    [InlineData(1_000_000, 900_000, 1_000_000 - 32 - 16 - 3)]
    public void The_default_connection_cap_follows_from_the_descriptor_limit(
        int limit, int? least, int? most)
    {
        int? count = Admission.DefaultMaxConnections(new WebSocketServerOptions { DescriptorLimit = () => limit });

        Assert.Equal(least is null, count is null);
        Assert.InRange(count ?? 0, least ?? 0, most ?? 0);
    }

    [Fact]
    public void The_descriptor_limit_is_read_from_the_system()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Other systems have no file that tells.");
        string line = File.ReadLines("/proc/self/limits").Single(line => line.StartsWith("Max open files", StringComparison.Ordinal));
        string soft = line["Max open files".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];

        Assert.Equal(soft == "unlimited" ? DescriptorLimit.None : int.Parse(soft, null), DescriptorLimit.Read());
        Assert.InRange(DescriptorLimit.CountInUse(), 3, DescriptorLimit.Read());
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1_000_001)]
    public void A_negative_reserve_throws(int count) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new WebSocketServerOptions { ReservedDescriptors = count });

    [Fact]
    public void The_reserve_is_32_by_default_and_may_be_0()
    {
        Assert.Equal(32, new WebSocketServerOptions().ReservedDescriptors);
        Assert.Equal(0, new WebSocketServerOptions { ReservedDescriptors = 0 }.ReservedDescriptors);
    }

    private static async Task<Visit> VisitAsync(ServerKind kind, LimitedServer server, IPAddress? from = null)
    {
        RawPeer? client = null;
        try
        {
            client = kind.IsSecure()
                ? await RawPeer.ConnectTlsAsync(server.EndPoint, AnyCertificate, from)
                : await RawPeer.ConnectAsync(server.EndPoint, from);
            await client.SendAsync(RawPeer.Request());
            string head = await client.ReadHeadAsync();
            return new Visit(int.Parse(head.Split(' ')[1], null), client);
        }
        catch (Exception exception) when (exception is IOException or SocketException or AuthenticationException)
        {
            // Closed, or reset since the request came after the answer.
            client?.Dispose();
            return default;
        }
    }

    private readonly record struct Visit(int? Status, RawPeer? Client);
}
