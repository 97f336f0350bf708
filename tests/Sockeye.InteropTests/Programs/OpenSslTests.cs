using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Sockeye.Tests;

/// <summary>Sockeye's server with OpenSSL, which shows what is agreed on in the handshake of TLS.</summary>
public sealed class OpenSslTests : IDisposable
{
    private readonly ProgramFolder _folder = new();
    private readonly ConcurrentQueue<WebSocketHandshakeError> _failures = [];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(WebSocketTlsEngine.SslStream, "-tls1_2", "TLSv1.2", SslProtocols.Tls12)]
    [InlineData(WebSocketTlsEngine.OpenSsl, "-tls1_2", "TLSv1.2", SslProtocols.Tls12)]
    [InlineData(WebSocketTlsEngine.SslStream, "-tls1_3", "TLSv1.3", SslProtocols.Tls13)]
    [InlineData(WebSocketTlsEngine.OpenSsl, "-tls1_3", "TLSv1.3", SslProtocols.Tls13)]
    public async Task Versions_of_tls_and_http_are_negotiated(WebSocketTlsEngine engine, string option, string shown, SslProtocols protocol)
    {
        await using WebSocketServer server = await StartAsync(engine, TestCertificate.Value);

        ProgramRun run = await AskAsync(server, option, "-alpn", "h2,http/1.1");

        Assert.Contains($"New, {shown}, Cipher is", run.Output, StringComparison.Ordinal);
        Assert.Contains("ALPN protocol: http/1.1", run.Output, StringComparison.Ordinal);
        Assert.Contains("Verify return code: 0 (ok)", run.Output, StringComparison.Ordinal);
        Assert.Contains($"{protocol}, localhost, no certificate", run.Output, StringComparison.Ordinal);
        Assert.Equal(0, run.ExitCode);
    }

    [Theory]
    [InlineData(WebSocketTlsEngine.SslStream, "-tls1_1")]
    [InlineData(WebSocketTlsEngine.OpenSsl, "-tls1_1")]
    [InlineData(WebSocketTlsEngine.SslStream, "-tls1")]
    [InlineData(WebSocketTlsEngine.OpenSsl, "-tls1")]
    public async Task Obsolete_tls_version_is_rejected(WebSocketTlsEngine engine, string option)
    {
        await using WebSocketServer server = await StartAsync(engine, TestCertificate.Value);

        ProgramRun run = await AskAsync(server, option, "-cipher", "DEFAULT@SECLEVEL=0");

        Assert.NotEqual(0, run.ExitCode);
        Assert.Matches("alert (protocol version|handshake failure)", run.Errors);
        Assert.Equal([WebSocketHandshakeError.TlsFailed], _failures);
    }

    [Theory]
    [InlineData(WebSocketTlsEngine.SslStream)]
    [InlineData(WebSocketTlsEngine.OpenSsl)]
    public async Task Unsupported_ALPN_protocol_is_rejected(WebSocketTlsEngine engine)
    {
        await using WebSocketServer server = await StartAsync(engine, TestCertificate.Value);

        ProgramRun run = await AskAsync(server, "-alpn", "h2");

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("alert no application protocol", run.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(WebSocketTlsEngine.SslStream, "one.example")]
    [InlineData(WebSocketTlsEngine.OpenSsl, "one.example")]
    [InlineData(WebSocketTlsEngine.SslStream, "two.example")]
    [InlineData(WebSocketTlsEngine.OpenSsl, "two.example")]
    public async Task Server_name_of_the_client_selects_the_certificate(WebSocketTlsEngine engine, string host)
    {
        using X509Certificate2 one = TestCertificate.MakeFor("one.example");
        using X509Certificate2 two = TestCertificate.MakeFor("two.example");
        await _folder.WriteAsync(host == "one.example" ? one : two);
        await using WebSocketServer server = await StartAsync(
            engine, select: hello => new() { ServerCertificate = hello.ServerName == "one.example" ? one : two });

        ProgramRun run = await AskAsync(server, "-servername", host, "-verify_hostname", host);

        Assert.Contains($"subject=CN = {host}", run.Output, StringComparison.Ordinal);
        Assert.Contains("Verify return code: 0 (ok)", run.Output, StringComparison.Ordinal);
        Assert.Contains($", {host}, no certificate", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(WebSocketTlsEngine.SslStream, "-tls1_2")]
    [InlineData(WebSocketTlsEngine.OpenSsl, "-tls1_2")]
    [InlineData(WebSocketTlsEngine.SslStream, "-tls1_3")]
    [InlineData(WebSocketTlsEngine.OpenSsl, "-tls1_3")]
    public async Task Client_certificate_is_available_to_the_application(WebSocketTlsEngine engine, string option)
    {
        using X509Certificate2 alice = TestCertificate.MakeFor("alice");
        using ProgramFolder hers = new();
        await hers.WriteAsync(alice);
        await using WebSocketServer server = await StartAsync(
            engine, select: _ => new()
            {
                ServerCertificate = TestCertificate.Value,
                ClientCertificateRequired = true,
                RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.GetCertHashString() == alice.GetCertHashString(),
            });

        ProgramRun known = await AskAsync(server, option, "-cert", hers["certificate.pem"], "-key", hers["key.pem"]);
        ProgramRun unknown = await AskAsync(server, option);

        Assert.Contains(", localhost, CN=alice", known.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(", localhost, ", unknown.Output, StringComparison.Ordinal);
        Assert.Equal(WebSocketHandshakeError.TlsFailed, _failures.Last());
    }

    [Theory]
    [InlineData("-tls1_2", true, WebSocketTlsEngine.SslStream)]
    [InlineData("-tls1_2", true, WebSocketTlsEngine.OpenSsl)]
    [InlineData("-tls1_2", false, WebSocketTlsEngine.SslStream)]
    [InlineData("-tls1_3", true, WebSocketTlsEngine.SslStream)]
    [InlineData("-tls1_3", true, WebSocketTlsEngine.OpenSsl)]
    [InlineData("-tls1_3", false, WebSocketTlsEngine.SslStream)]
    public async Task A_second_connection_resumes_the_session_of_the_first(
        string option, bool onLoops, WebSocketTlsEngine engine)
    {
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions
            {
                EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
                Tls = new() { ServerCertificate = TestCertificate.Value },
                EventLoop = onLoops ? EventLoopOptions.Default : EventLoopOptions.Disabled,
                TlsEngine = engine,
            },
            (_, _) => Task.CompletedTask,
            Deadline.Token());
        string session = _folder["session.pem"];

        ProgramRun first = await AskAsync(server, option, "-sess_out", session);
        ProgramRun second = await AskAsync(server, option, "-sess_in", session);

        Assert.Contains("New, TLSv1.", first.Output, StringComparison.Ordinal);
        Assert.Contains("Reused, TLSv1.", second.Output, StringComparison.Ordinal);
        Assert.Contains("HTTP/1.1 426 ", second.Output, StringComparison.Ordinal);
    }

    // Its certificate would not be checked again.
    [Theory]
    [InlineData("-tls1_2")]
    [InlineData("-tls1_3")]
    public async Task A_session_with_a_client_certificate_is_not_resumed_by_OpenSSL_in_place(string option)
    {
        int checks = 0;
        await using WebSocketServer server = await StartAsync(
            WebSocketTlsEngine.OpenSsl,
            _ => new()
            {
                ServerCertificate = TestCertificate.Value,
                ClientCertificateRequired = true,
                RemoteCertificateValidationCallback = (_, _, _, _) => Interlocked.Increment(ref checks) != 0,
            });
        string session = _folder["session.pem"];

        await AskAsync(server, option, "-sess_out", session);
        ProgramRun second = File.Exists(session)
            ? await AskAsync(server, option, "-sess_in", session)
            : await AskAsync(server, option);

        Assert.DoesNotContain("Reused, ", second.Output, StringComparison.Ordinal);
        Assert.Contains("HTTP/1.1 426 ", second.Output, StringComparison.Ordinal);
        Assert.Equal(2, checks);
    }

    // OpenSSL would resume a session with a suite that the policy has no more.
    [Theory]
    [InlineData("-tls1_2")]
    [InlineData("-tls1_3")]
    public async Task A_session_is_not_resumed_under_another_policy_by_OpenSSL_in_place(string option)
    {
#pragma warning disable CA1416 // Programs run on Linux only.
        var allowed = new CipherSuitesPolicy(
            [TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TlsCipherSuite.TLS_AES_128_GCM_SHA256]);
#pragma warning restore CA1416
        bool hasPolicy = true;
        await using WebSocketServer server = await StartAsync(
            WebSocketTlsEngine.OpenSsl,
            _ => new() { ServerCertificate = TestCertificate.Value, CipherSuitesPolicy = hasPolicy ? allowed : null });
        string session = _folder["session.pem"];

        await AskAsync(server, option, "-sess_out", session);
        ProgramRun same = await AskAsync(server, option, "-sess_in", session);
        hasPolicy = false;
        ProgramRun other = await AskAsync(server, option, "-sess_in", session);

        Assert.Contains("Reused, ", same.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Reused, ", other.Output, StringComparison.Ordinal);
        Assert.Contains("HTTP/1.1 426 ", other.Output, StringComparison.Ordinal);
    }

    // The ticket keys belong to a certificate.
    [Theory]
    [InlineData("-tls1_2")]
    [InlineData("-tls1_3")]
    public async Task A_session_of_one_host_is_not_resumed_at_another_by_OpenSSL_in_place(string option)
    {
        using X509Certificate2 one = TestCertificate.MakeFor("one.example");
        using X509Certificate2 two = TestCertificate.MakeFor("two.example");
        await _folder.WriteAsync(one);
        await using WebSocketServer server = await StartAsync(
            WebSocketTlsEngine.OpenSsl, hello => new() { ServerCertificate = hello.ServerName == "one.example" ? one : two });
        string session = _folder["session.pem"];

        await AskAsync(server, option, "-servername", "one.example", "-sess_out", session);
        ProgramRun same = await AskAsync(server, option, "-servername", "one.example", "-sess_in", session);
        ProgramRun other = await AskAsync(server, option, "-servername", "two.example", "-sess_in", session);

        Assert.Contains("Reused, ", same.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Reused, ", other.Output, StringComparison.Ordinal);
    }

    private Task<WebSocketServer> StartAsync(WebSocketTlsEngine engine, X509Certificate2 certificate) => StartAsync(
        engine, _ => new() { ServerCertificate = certificate, ApplicationProtocols = [SslApplicationProtocol.Http11] });

    /// <summary>Starts a server that rejects requests with a body that describes the client.</summary>
    private Task<WebSocketServer> StartAsync(WebSocketTlsEngine engine, Func<SslClientHelloInfo, SslServerAuthenticationOptions> select) =>
        WebSocketServer.StartAsync(
            new WebSocketServerOptions
            {
                EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
                SelectTls = (hello, _) => new(select(hello)),
                TlsEngine = engine,
                OnHandshakeFailed = failure =>
                {
                    _failures.Enqueue(failure.Error);
                    return failure.Request?.Tls is { } tls
                        ? WebSocketUpgradeDecision.Reject(426, $"{tls.Protocol}, {tls.ServerName}, {Subject(tls)}\n")
                        : null;
                },
            },
            (_, _) => Task.CompletedTask,
            Deadline.Token());

    private static string Subject(WebSocketTlsInformation tls) => tls.ClientCertificate?.Subject ?? "no certificate";

    /// <summary>Sends an HTTP request, and waits for the server to close after its response.</summary>
    private async Task<ProgramRun> AskAsync(WebSocketServer server, params string[] arguments)
    {
        if (!File.Exists(_folder["certificate.pem"]))
        {
            await _folder.WriteAsync(TestCertificate.Value);
        }

        return await ProgramRun.RunAsync(
            "openssl",
            input: "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
            [
                "s_client", "-connect", $"127.0.0.1:{server.Port}", "-CAfile", _folder["certificate.pem"], "-ign_eof",
                .. arguments.Contains("-servername") ? arguments : [.. arguments, "-servername", "localhost"],
            ]);
    }
}
