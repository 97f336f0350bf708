using System.Net.Security;
using System.Runtime.InteropServices;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Sockeye.Server.Listening;
using Sockeye.Transports.Tls.OpenSsl;

namespace Sockeye.Tests;

/// <summary>What is special about OpenSSL in place: alerts, contexts, what it rejects, and native memory.</summary>
public sealed class OpenSslEngineTests
{
    public OpenSslEngineTests() => Assert.SkipWhen(LoopTls.WhyNoOpenSsl is not null, "OpenSSL cannot be used here.");

    // RFC 8446 §6.2: bad_record_mac.
    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public void An_invalid_record_is_responded_to_with_an_alert_behind_what_came_before(SslProtocols version)
    {
        (TlsEnd client, TlsEnd server) = Connect(version);
        using TlsEnd _ = client;
        using TlsEnd _1 = server;
        byte[] good = client.Encrypt("good"u8);
        byte[] bad = client.Encrypt("bad"u8);
        bad[^1] ^= 1;

        Assert.Throws<IOException>(() => server.Deliver([.. good, .. bad]));

        Assert.Equal("good"u8.ToArray(), server.Received);
        byte[] alert = server.Take();
        Assert.NotEmpty(alert);
        Exception thrown = Assert.ThrowsAny<Exception>(() => client.Deliver(alert));
        Assert.Contains("bad record mac", thrown.ToString(), StringComparison.OrdinalIgnoreCase);
    }

    // Every flight of both ends, with bytes changed, left out, or put in anywhere: an error or nothing, never other plaintext.
    [Theory]
    [InlineData(SslProtocols.Tls12, 1)]
    [InlineData(SslProtocols.Tls13, 2)]
    public void Damaged_ciphertext_never_becomes_plaintext_that_was_not_sent(SslProtocols version, int seed)
    {
        var random = new Random(seed);
        byte[] sent = Payloads.Bytes(3000);
        for (int round = 0; round < 400; round++)
        {
            using TlsEnd client = TlsEnd.Client(ClientOptions(version));
            using TlsEnd server = TlsEnd.Server(WebSocketTlsEngine.OpenSsl);
            int damagedFlight = random.Next(4);
            try
            {
                for (int flight = 0; flight < 3 && !(client.IsSecure && server.IsSecure); flight++)
                {
                    server.Deliver(Damage(client.Take(), flight == damagedFlight), 1 + random.Next(2000));
                    client.Deliver(server.Take());
                }

                if (client.IsSecure && server.IsSecure)
                {
                    for (int length = 1; length < 1000; length += 333)
                    {
                        server.Deliver(Damage(client.Encrypt(sent.AsSpan(server.Received.Length, length)), damage: true), 1 + random.Next(2000));
                    }
                }
            }
            catch (Exception exception) when (exception is IOException or AuthenticationException)
            {
                // The end of that connection.
            }

            Assert.True(sent.AsSpan().StartsWith(server.Received), "The plaintext is not what was sent.");
        }

        byte[] Damage(byte[] flight, bool damage)
        {
            if (!damage || flight.Length == 0)
            {
                return flight;
            }

            int index = random.Next(flight.Length);
            switch (random.Next(4))
            {
                case 0:
                    flight[index] ^= (byte)(1 << random.Next(8));
                    return flight;
                case 1:
                    return [.. flight[..index], .. flight[(index + 1)..]];
                case 2:
                    return [.. flight[..index], (byte)random.Next(256), .. flight[index..]];
                default:
                    byte[] noise = new byte[random.Next(1, 300)];
                    random.NextBytes(noise);
                    return [.. flight[..index], .. noise];
            }
        }
    }

    // RSS: what the C library does not give back would show in thousands of handshakes, each of which takes 10 kB and more.
    [Fact]
    public void Handshakes_that_are_cut_off_anywhere_leave_no_native_memory()
    {
        byte[] hello;
        using (TlsEnd client = TlsEnd.Client(ClientOptions(SslProtocols.None)))
        {
            hello = client.Take();
        }

        Cut(500);
        long before = NativeBytes();
        Cut(2000);
        long after = NativeBytes();

        Assert.InRange(after - before, long.MinValue, 2 * 1024 * 1024);

        void Cut(int count)
        {
            for (int i = 0; i < count; i++)
            {
                using TlsEnd server = TlsEnd.Server(WebSocketTlsEngine.OpenSsl);
                server.Deliver(hello.AsSpan(0, i % 3 == 0 ? hello.Length : i % hello.Length));
            }
        }
    }

    [Fact]
    public void A_session_that_was_forgotten_is_freed_by_the_collector()
    {
        long before = NativeBytes();
        for (int i = 0; i < 2000; i++)
        {
            _ = LoopTls.OpenSslEngine(TestCertificate.ForServer());
        }

        Deadlines.Until(
            () =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                return NativeBytes() - before < 4 * 1024 * 1024;
            },
            "the native memory is free");
    }

    [Fact]
    public void A_certificate_has_one_context_that_is_made_anew_after_half_a_day()
    {
        var time = new ManualTimeProvider();
        X509Certificate2 certificate = TestCertificate.MakeFor("context.example");
        SslServerAuthenticationOptions options = ServerTlsOptions.Complete(
            new SslServerAuthenticationOptions { ServerCertificate = certificate });

        OpenSslContext first = OpenSslContexts.For(options, time);

        // The application may dispose of it once the server runs.
        certificate.Dispose();
        time.Advance(TimeSpan.FromHours(11));
        Assert.Same(first, OpenSslContexts.For(options, time));
        time.Advance(TimeSpan.FromHours(2));

        Assert.NotSame(first, OpenSslContexts.For(options, time));
        options.ClientCertificateRequired = true;
        Assert.NotSame(OpenSslContexts.For(options, time), first);
    }

    [Fact]
    public async Task Options_that_OpenSSL_does_not_support_keep_the_server_from_starting()
    {
#pragma warning disable CA1416, CA5397, CA5398, SYSLIB0039, SYSLIB0040 // What is rejected.
        foreach (Action<SslServerAuthenticationOptions> change in (Action<SslServerAuthenticationOptions>[])
            [
                static tls => tls.EnabledSslProtocols = SslProtocols.Tls11 | SslProtocols.Tls12,
                static tls => tls.EncryptionPolicy = EncryptionPolicy.AllowNoEncryption,
                static tls => tls.AllowRsaPkcs1Padding = false,
            ])
#pragma warning restore CA1416, CA5397, CA5398, SYSLIB0039, SYSLIB0040
        {
            SslServerAuthenticationOptions tls = TestCertificate.ForServer();
            change(tls);
            WebSocketServerOptions options = Servers.OptionsOf(ServerKind.OpenSslEventLoop) with { Tls = tls };

            ArgumentException thrown = await Assert.ThrowsAsync<ArgumentException>(() => Servers.StartEchoAsync(options));

            Assert.Contains("OpenSSL in place", thrown.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Issuers_that_alone_are_trusted_are_not_ignored()
    {
        using X509Certificate2 issuer = TestCertificate.MakeFor("issuer.example");
        var tls = new SslServerAuthenticationOptions
        {
            ClientCertificateRequired = true,
            ServerCertificateContext = SslStreamCertificateContext.Create(
                TestCertificate.Value, additionalCertificates: null, offline: true, SslCertificateTrust.CreateForX509Collection([issuer])),
        };
        WebSocketServerOptions options = Servers.OptionsOf(ServerKind.OpenSslEventLoop) with { Tls = tls };

        ArgumentException thrown = await Assert.ThrowsAsync<ArgumentException>(() => Servers.StartEchoAsync(options));

        Assert.Contains("SslCertificateTrust", thrown.Message, StringComparison.Ordinal);
        Assert.Throws<NotSupportedException>(() => LoopTls.OpenSslEngine(tls));
        tls.ClientCertificateRequired = false;
        await using WebSocketServer server = await Servers.StartEchoAsync(options);
    }

    [Fact]
    public async Task Disposing_of_an_engine_does_not_wait_for_a_check_of_the_application()
    {
        using X509Certificate2 mine = TestCertificate.MakeFor("client.example");
        using var entered = new ManualResetEventSlim();
        using var leave = new ManualResetEventSlim();
        SslServerAuthenticationOptions tls = TestCertificate.ForServer();
        tls.ClientCertificateRequired = true;
        tls.RemoteCertificateValidationCallback = (_, certificate, _, _) =>
        {
            entered.Set();
            Assert.True(leave.Wait(Deadlines.Deadline));
            return certificate is not null;
        };
        SslClientAuthenticationOptions options = TestCertificate.ForClient();
        options.LocalCertificateSelectionCallback = (_, _, _, _, _) => mine;
        using TlsEnd client = TlsEnd.Client(options);
        TlsEnd server = TlsEnd.OpenSslServer(tls);
        server.Deliver(client.Take());
        client.Deliver(server.Take());
        byte[] last = client.Take();
        Task handshake = Task.Run(() => server.Deliver(last));
        Assert.True(entered.Wait(Deadlines.Deadline));

        await Task.Run(server.Dispose).WithDeadline();
        leave.Set();

        await handshake.ContinueWith(static _ => { }, TaskScheduler.Default).WithDeadline();
        Assert.Throws<ObjectDisposedException>(() => server.Encrypt("after"u8));
    }

    [Theory]
    [InlineData(TlsCipherSuite.TLS_AES_128_GCM_SHA256, SslProtocols.Tls13)]
    [InlineData(TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256, SslProtocols.Tls13)]
    [InlineData(TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, SslProtocols.Tls12)]
    [InlineData(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, SslProtocols.Tls12)]
    public void A_policy_selects_the_cipher_suite_with_RSA_and_ECDSA_keys(TlsCipherSuite suite, SslProtocols version)
    {
        using X509Certificate2 certificate = suite.ToString().Contains("RSA_WITH", StringComparison.Ordinal)
            ? RsaCertificate()
            : TestCertificate.MakeFor("localhost");
        using TlsEnd client = TlsEnd.Client(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            EnabledSslProtocols = version,
            RemoteCertificateValidationCallback = (_, presented, _, _) => presented?.GetCertHashString() == certificate.Thumbprint,
        });
        using TlsEnd server = TlsEnd.OpenSslServer(new SslServerAuthenticationOptions
        {
            ServerCertificate = certificate,
#pragma warning disable CA1416 // OpenSSL is used on Linux only.
            CipherSuitesPolicy = new CipherSuitesPolicy([suite]),
#pragma warning restore CA1416
        });

        Exchange(client, server);

        Assert.Equal((suite, version, "localhost"), (server.Tls.CipherSuite, server.Tls.Protocol, server.Tls.ServerName));
    }

    [Theory]
    [InlineData("00 0E 00 00 0B 6F 6E 65 2E 65 78 61 6D 70 6C 65", "one.example")]
    [InlineData("00 11 00 00 0E 78 6E 2D 2D 6D 6C 6C 65 72 2D 6B 76 61 2E", "xn--mller-kva.")]
    [InlineData("", "")]
    [InlineData("00 03 00 00 0B", "")]
    [InlineData("00 0E 00 00 FF 6F 6E 65", "")]
    [InlineData("00 0E 01 00 0B 6F 6E 65 2E 65 78 61 6D 70 6C 65", "")]
    [InlineData("00 04 00 00 01 FF", "")]
    public void The_host_name_of_a_first_message_is_read_within_its_bounds(string hex, string expected)
    {
        string name = TlsHelloExtensions.ServerNameIn(Wire.Bytes(hex));

        Assert.Equal(TlsHelloExtensions.Decode(expected), name);
    }

    private static SslClientAuthenticationOptions ClientOptions(SslProtocols version)
    {
        SslClientAuthenticationOptions options = TestCertificate.ForClient();
        options.EnabledSslProtocols = version;
        return options;
    }

    private static (TlsEnd Client, TlsEnd Server) Connect(SslProtocols version)
    {
        TlsEnd client = TlsEnd.Client(ClientOptions(version));
        TlsEnd server = TlsEnd.Server(WebSocketTlsEngine.OpenSsl);
        Exchange(client, server);
        return (client, server);
    }

    private static void Exchange(TlsEnd client, TlsEnd server)
    {
        for (int flight = 0; flight < 4; flight++)
        {
            server.Deliver(client.Take());
            client.Deliver(server.Take());
        }

        Assert.True(client.IsSecure && server.IsSecure);
    }

    // The other certificates of the tests have keys of ECDSA.
    private static X509Certificate2 RsaCertificate()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    // What the C library has handed out and not got back: uordblks of mallinfo2.
    private static long NativeBytes() => (long)MallInfo().UsedBytes;

    [DllImport("libc", EntryPoint = "mallinfo2")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern MallocInformation MallInfo();

    [StructLayout(LayoutKind.Sequential)]
    private struct MallocInformation
    {
        public nuint Arena;
        public nuint FreeChunks;
        public nuint FastChunks;
        public nuint MappedRegions;
        public nuint MappedBytes;
        public nuint Unused;
        public nuint FastBytes;
        public nuint UsedBytes;
        public nuint FreeBytes;
        public nuint Releasable;
    }
}
