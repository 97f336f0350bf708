using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace Sockeye.Tests;

/// <summary>Sockeye's server with curl, which shows what a plain HTTP client gets.</summary>
public sealed class CurlTests : IDisposable
{
    private static readonly string[] Upgrade =
    [
        "-H", "Connection: Upgrade", "-H", "Upgrade: websocket", "-H", "Sec-WebSocket-Version: 13",
        "-H", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ];

    private readonly ProgramFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>The example of RFC 6455 §1.3, then a text "Hello" and a Close frame with 1000 (§5.7).</summary>
    [Theory]
    [InlineData(BackendKind.Plain)]
    [InlineData(BackendKind.Tls)]
    [InlineData(BackendKind.UnixSocket)]
    public async Task Upgrade_gets_101_followed_by_frames(BackendKind kind)
    {
        await using WebSocketServer server = await StartAsync(kind);

        ProgramRun run = await CurlAsync(server, kind, "/", Upgrade);

        Assert.Equal("101", run.Output);
        Assert.Equal(
            """
            HTTP/1.1 101 Switching Protocols
            Upgrade: websocket
            Connection: Upgrade
            Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=
            """.ReplaceLineEndings("\r\n") + "\r\n\r\n",
            await File.ReadAllTextAsync(_folder["head"], Deadline.Token()));
        Assert.Equal(
            "8105" + "48656C6C6F" + "8802" + "03E8",
            Convert.ToHexString(await File.ReadAllBytesAsync(_folder["body"], Deadline.Token())));
    }

    [Theory]
    [InlineData(BackendKind.Plain)]
    [InlineData(BackendKind.Tls)]
    public async Task Plain_request_gets_426(BackendKind kind)
    {
        await using WebSocketServer server = await StartAsync(kind);

        ProgramRun run = await CurlAsync(server, kind, "/");

        Assert.Equal((0, "426"), (run.ExitCode, run.Output));
        string head = await File.ReadAllTextAsync(_folder["head"], Deadline.Token());
        Assert.Contains("\r\nUpgrade: websocket\r\n", head, StringComparison.Ordinal);
        Assert.Contains("\r\nConnection: Upgrade, close\r\n", head, StringComparison.Ordinal);
        Assert.NotEmpty(await File.ReadAllTextAsync(_folder["body"], Deadline.Token()));
    }

    [Fact]
    public async Task Unknown_version_gets_426_with_the_supported_versions()
    {
        await using WebSocketServer server = await StartAsync();

        ProgramRun run = await CurlAsync(
            server, BackendKind.Plain, "/", [.. Upgrade[..4], "-H", "Sec-WebSocket-Version: 12", .. Upgrade[6..]]);

        Assert.Equal((0, "426"), (run.ExitCode, run.Output));
        Assert.Contains(
            "\r\nSec-WebSocket-Version: 13, 8\r\n",
            await File.ReadAllTextAsync(_folder["head"], Deadline.Token()),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("405", "--head")]
    [InlineData("405", "--data", "a=1")]
    [InlineData("405", "--request", "OPTIONS")]
    [InlineData("400", "--http2")] // asks for an upgrade to h2c
    [InlineData("505", "--http1.0")]
    [InlineData("431", "-H", "X: 16 KiB")]
    public async Task Invalid_upgrade_gets_the_status_of_its_error(
        string status, params string[] arguments)
    {
        await using WebSocketServer server = await StartAsync();
        string[] spelled = [.. arguments.Select(argument => argument.Replace("16 KiB", new string('x', 16 * 1024), StringComparison.Ordinal))];

        ProgramRun run = await CurlAsync(server, BackendKind.Plain, "/", spelled);

        Assert.Equal((0, status), (run.ExitCode, run.Output));
    }

    [Fact]
    public async Task Client_that_starts_with_HTTP2_gets_a_response()
    {
        await using WebSocketServer server = await StartAsync();

        ProgramRun run = await CurlAsync(server, BackendKind.Plain, "/", "--http2-prior-knowledge");

        Assert.NotEqual(0, run.ExitCode);
        Assert.NotEqual(TimedOut, run.ExitCode);
    }

    private const int TimedOut = 28;

    private static Task<WebSocketServer> StartAsync(
        BackendKind kind, ProgramFolder folder) =>
        WebSocketServer.StartAsync(
            new WebSocketServerOptions
            {
                EndPoint = kind == BackendKind.UnixSocket
                    ? new UnixDomainSocketEndPoint(folder["socket"])
                    : new IPEndPoint(IPAddress.Loopback, 0),
                Tls = kind == BackendKind.Tls
                    ? new SslServerAuthenticationOptions
                    {
                        ServerCertificate = TestCertificate.Value,
                        ApplicationProtocols = [SslApplicationProtocol.Http11],
                    }
                    : null,

                // curl does not answer a Close frame.
                Connection = new() { CloseTimeout = TimeSpan.FromMilliseconds(200) },
            },
            async (connection, cancellation) => await connection.SendAsync("Hello", cancellation),
            Deadline.Token());

    private Task<WebSocketServer> StartAsync(BackendKind kind = BackendKind.Plain) => StartAsync(kind, _folder);

    /// <summary>Runs curl, which prints the status.</summary>
    private async Task<ProgramRun> CurlAsync(WebSocketServer server, BackendKind kind, string path, params string[] arguments)
    {
        await _folder.WriteAsync(TestCertificate.Value);
        string scheme = kind == BackendKind.Tls ? "https" : "http";
        string[] how = kind == BackendKind.UnixSocket ? ["--unix-socket", _folder["socket"]] : [];
        string host = kind == BackendKind.UnixSocket ? "localhost" : server.LocalEndPoint.ToString()!;
        return await ProgramRun.RunAsync(
            "curl",
            input: "",
            [
                "--silent", "--noproxy", "*", "--max-time", "20", "--cacert", _folder["certificate.pem"],
                "--dump-header", _folder["head"], "--output", _folder["body"], "--write-out", "%{http_code}",
                .. how, .. arguments, $"{scheme}://{host}{path}",
            ]);
    }
}
