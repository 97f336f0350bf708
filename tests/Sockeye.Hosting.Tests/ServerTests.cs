using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Sockeye.Hosting;

namespace Sockeye.Tests;

/// <summary>Servers by name, in any host.</summary>
public sealed class ServerTests
{
    [Fact]
    public async Task Several_servers_with_each_type_of_handler_run_side_by_side()
    {
        using IHost host = await Hosts.StartAsync(
            """
            {
              "Sockeye": {
                "Servers": {
                  "handler": { "EndPoint": "127.0.0.1:0" },
                  "typed": { "EndPoint": "127.0.0.1:0" },
                  "delegate": { "EndPoint": "[::1]:0" },
                  "scoped": { "EndPoint": "localhost:0" },
                  "routes": { "EndPoints": ["127.0.0.1:0", { "EndPoint": "127.0.0.1:0", "DualStack": false }] }
                }
              }
            }
            """,
            services => services
                .AddSingleton(new Greeting("hello"))
                .AddSockeyeServer("handler", new Saying("one handler"))
                .AddSockeyeServer<SayingGreeting>("typed")
                .AddSockeyeServer("delegate", (connection, _) => connection.SendAsync("a method").AsTask())
                .AddSockeyeServer("scoped", (connection, scope, _) =>
                    connection.SendAsync(scope.GetRequiredService<Greeting>().Text + ", scope").AsTask())
                .AddSockeyeServer("routes", provider => new WebSocketRoutes()
                    .Map("/plain", new Saying(provider.GetRequiredService<Greeting>().Text + ", route"))
                    .Map<SayingGreeting>("/typed", provider)
                    .Map("/scoped", provider, (connection, scope, _) =>
                        connection.SendAsync(scope.GetRequiredService<Greeting>().Text + ", scoped route").AsTask())));

        foreach ((string name, string path, string expected) in ((string, string, string)[])
            [
                ("handler", "/", "one handler"), ("typed", "/", "hello"), ("delegate", "/", "a method"), ("scoped", "/", "hello, scope"),
                ("routes", "/plain", "hello, route"), ("routes", "/typed", "hello"), ("routes", "/scoped", "hello, scoped route"),
            ])
        {
            await using WebSocketConnection client = await host.ConnectAsync(name, path);
            Assert.Equal(expected, await client.ReceiveTextAsync());
        }

        Assert.Equal(2, host.Server("routes").LocalEndPoints.Count);
        Assert.Equal(AddressFamily.InterNetworkV6, host.Server("delegate").LocalEndPoint.AddressFamily);
    }

    [Fact]
    public async Task A_configured_limit_applies_and_code_comes_after_the_configuration_in_order()
    {
        using IHost host = await Hosts.StartAsync(
            """{ "Sockeye": { "Servers": { "Chat": { "EndPoint": "127.0.0.1:1", "MaxConnections": 1, "Subprotocols": ["v1"] } } } }""",
            services => services
                .AddSingleton(new Greeting("v2"))
                .ConfigureSockeyeServer("CHAT", (_, options) => options with { Subprotocols = [.. options.Subprotocols, "v1.5"] })
                .AddSockeyeServer("chat", Hosts.EchoAsync, options => options with { EndPoint = Hosts.Loopback })
                .ConfigureSockeyeServer("chat", (provider, options) => options with
                {
                    Subprotocols = [.. options.Subprotocols, provider.GetRequiredService<Greeting>().Text],
                }));
        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(
            $"ws://{host.Server("chat").LocalEndPoint}/", new WebSocketClientOptions { Subprotocols = ["v2", "v1.5"] });

        Assert.Equal("v1.5", client.Subprotocol);
        WebSocketHandshakeException rejected = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => host.ConnectAsync("chat"));
        Assert.Equal(503, rejected.StatusCode);
    }

    [Fact]
    public async Task A_port_in_use_fails_the_start_with_the_name_and_the_address_and_leaves_no_server_behind()
    {
        using var occupied = new TcpListener(IPAddress.Loopback, 0);
        occupied.Start();
        WebSocketServer? first = null;

        InvalidOperationException thrown = await Assert.ThrowsAsync<InvalidOperationException>(() => Hosts.StartAsync(services =>
        {
            services
                .AddSockeyeServer("first", Hosts.EchoAsync, options => options with { EndPoint = Hosts.Loopback })
                .AddHostedService(provider => new Observer(() => first = provider.GetRequiredKeyedService<WebSocketServer>("first")))
                .AddSockeyeServer("second", Hosts.EchoAsync, options => options with { EndPoint = occupied.LocalEndpoint });
        }));

        Assert.Contains("'second'", thrown.Message, StringComparison.Ordinal);
        Assert.Contains($"{occupied.LocalEndpoint}", thrown.Message, StringComparison.Ordinal);
        Assert.Equal(SocketError.AddressAlreadyInUse, Assert.IsAssignableFrom<SocketException>(thrown.InnerException).SocketErrorCode);
        await first!.Completion.WithDeadline();
    }

    [Fact]
    public async Task A_unix_socket_is_listened_on()
    {
        Assert.SkipUnless(Socket.OSSupportsUnixDomainSockets, "The system has no Unix sockets.");
        string path = Path.Combine(Path.GetTempPath(), $"sockeye-{Guid.NewGuid():N}.sock");
        using IHost host = await Hosts.StartAsync(
            $$"""{ "Sockeye": { "Servers": { "local": { "EndPoint": "unix:{{path}}" } } } }""",
            services => services.AddSockeyeServer("local", new Saying("over a file")));

        Assert.True(File.Exists(path));
        Assert.Equal(path, host.Server("local").LocalEndPoint.ToString());
        await host.StopAsync().WithDeadline();
        Assert.False(File.Exists(path));
    }

    [Theory]
    [InlineData("{ }", "The server 'chat' has no address: set Sockeye:Servers:chat:EndPoint")]
    [InlineData("""{ "EndPoints": [] }""", "The server 'chat' has no address: set Sockeye:Servers:chat:EndPoint")]
    [InlineData("""{ "EndPoint": "8080" }""", "Sockeye:Servers:chat:EndPoint is '8080': Must be an address with a port")]
    [InlineData("""{ "EndPoints": ["127.0.0.1:0", "x"] }""", "Sockeye:Servers:chat:EndPoints:1 is 'x'")]
    [InlineData("""{ "EndPoints": [{ "DualStack": true }] }""", "Sockeye:Servers:chat:EndPoints:0:EndPoint is missing")]
    [InlineData("""{ "EndPoints": [{ "EndPoint": "127.0.0.1:0", "Port": 1 }] }""", "Sockeye:Servers:chat:EndPoints:0:Port is not an option")]
    [InlineData("""{ "EndPoint": "127.0.0.1:1", "EndPoints": ["127.0.0.1:0"] }""", "EndPoint and EndPoints contradict each other")]
    [InlineData("""{ "EndPoint": "127.0.0.1:0", "Prot": 1 }""", "Sockeye:Servers:chat:Prot is not an option")]
    [InlineData("""{ "EndPoint": "127.0.0.1:0", "Stop": { "Typo": 1 } }""", "Sockeye:Servers:chat:Stop:Typo is not an option")]
    [InlineData("""{ "EndPoint": "127.0.0.1:0", "EventLoop": { "Count": 0 } }""", "Sockeye:Servers:chat:EventLoop:Count is '0'")]
    [InlineData("""{ "EndPoint": "127.0.0.1:0", "Tls": { "KeyPath": "a.pem" } }""", "Sockeye:Servers:chat:Tls:CertificatePath is missing")]
    [InlineData("""{ "EndPoint": "127.0.0.1:0", "Tls": { "CertificatePath": "/no/such.pfx" } }""", "Tls:CertificatePath is '/no/such.pfx'")]
    [InlineData("""{ "EndPoint": "127.0.0.1:0", "Tls": "on" }""", "Sockeye:Servers:chat:Tls is 'on', and must be an object")]
    public async Task An_error_in_the_section_of_a_server_fails_the_start_and_names_the_key(string section, string expected)
    {
        OptionsValidationException thrown = await Assert.ThrowsAsync<OptionsValidationException>(() => Hosts.StartAsync(
            $$"""{ "Sockeye": { "Servers": { "chat": {{section}} } } }""", services => services.AddSockeyeServer("chat", Hosts.EchoAsync)));

        Assert.Contains(expected, thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_addresses_can_be_asked_for_in_the_configuration()
    {
        using IHost host = await Hosts.StartAsync(
            """{ "Sockeye": { "Servers": { "chat": { "EndPoint": "*:0" } } } }""",
            services => services.AddSockeyeServer("chat", new Saying("anywhere")));

        await using WebSocketConnection client = await WebSocketClient.ConnectAsync($"ws://127.0.0.1:{host.Server("chat").Port}/");
        Assert.Equal("anywhere", await client.ReceiveTextAsync());
    }

    [Fact]
    public void A_name_is_a_key_of_its_own()
    {
        IServiceCollection services = new ServiceCollection().AddSockeyeServer("chat", Hosts.EchoAsync);

        Assert.Contains("added before", Assert.Throws<ArgumentException>(
            () => services.AddSockeyeServer("CHAT", Hosts.EchoAsync)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => services.AddSockeyeServer("a:b", Hosts.EchoAsync));
        Assert.Throws<ArgumentException>(() => services.AddSockeyeServer("", Hosts.EchoAsync));
    }

    [Theory]
    [InlineData("pfx")]
    [InlineData("pem")]
    [InlineData("encrypted")]
    public async Task Tls_has_its_certificate_from_files(string form)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("sockeye-certificate-");
        try
        {
            using X509Certificate2 certificate = WriteCertificate(folder.FullName, form, out string tls);
            using IHost host = await Hosts.StartAsync(
                $$"""{ "Sockeye": { "Servers": { "chat": { "EndPoint": "127.0.0.1:0", "Tls": {{tls}} } } } }""",
                services => services
                    .AddSingleton<IHostEnvironment>(new Environment(folder.FullName))
                    .AddSockeyeServer("chat", new Saying("over TLS")));
            await using WebSocketConnection client = await WebSocketClient.ConnectAsync(
                $"wss://127.0.0.1:{host.Server("chat").Port}/",
                new WebSocketClientOptions
                {
                    Tls = new SslClientAuthenticationOptions
                    {
                        RemoteCertificateValidationCallback = (_, shown, _, _) =>
                            shown is not null && shown.GetRawCertData().AsSpan().SequenceEqual(certificate.RawData),
                    },
                }).WithDeadline();

            Assert.Equal("over TLS", await client.ReceiveTextAsync());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_wrong_password_fails_the_start_and_names_the_key()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("sockeye-certificate-");
        try
        {
            using X509Certificate2 certificate = WriteCertificate(folder.FullName, "pfx", out string tls);
            OptionsValidationException thrown = await Assert.ThrowsAsync<OptionsValidationException>(() => Hosts.StartAsync(
                $$"""
                { "Sockeye": { "Servers": { "chat": { "EndPoint": "127.0.0.1:0", "Tls": {{tls.Replace("secret", "wrong", StringComparison.Ordinal)}} } } } }
                """,
                services => services
                    .AddSingleton<IHostEnvironment>(new Environment(folder.FullName))
                    .AddSockeyeServer("chat", Hosts.EchoAsync)));

            Assert.Contains("Sockeye:Servers:chat:Tls:CertificatePath is 'a.pfx'", thrown.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("wrong", thrown.Message, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static X509Certificate2 WriteCertificate(string folder, string form, out string json)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
        if (form == "pfx")
        {
            File.WriteAllBytes(Path.Combine(folder, "a.pfx"), certificate.Export(X509ContentType.Pkcs12, "secret"));
            json = """{ "CertificatePath": "a.pfx", "Password": "secret" }""";
            return certificate;
        }

        File.WriteAllText(Path.Combine(folder, "a.pem"), certificate.ExportCertificatePem());
        if (form == "pem")
        {
            File.WriteAllText(Path.Combine(folder, "a.key"), key.ExportPkcs8PrivateKeyPem());
            json = """{ "CertificatePath": "a.pem", "KeyPath": "a.key" }""";
        }
        else
        {
            File.WriteAllText(Path.Combine(folder, "a.key"), key.ExportEncryptedPkcs8PrivateKeyPem(
                "secret", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000)));
            json = """{ "CertificatePath": "a.pem", "KeyPath": "a.key", "Password": "secret" }""";
        }

        return certificate;
    }

    private sealed record Greeting(string Text);

    private sealed class Saying(string text) : WebSocketHandler
    {
        public override void OnOpened(WebSocketConnection connection) => connection.TrySend(text);
    }

    private sealed class SayingGreeting(Greeting greeting) : WebSocketHandler
    {
        public override void OnOpened(WebSocketConnection connection) => connection.TrySend(greeting.Text);
    }

    private sealed class Observer(Action onStart) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            onStart();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class Environment(string root) : IHostEnvironment
    {
        public string EnvironmentName { get; set; } = "Test";

        public string ApplicationName { get; set; } = "Test";

        public string ContentRootPath { get; set; } = root;

        public Microsoft.Extensions.FileProviders.IFileProvider ContentRootFileProvider { get; set; } =
            new Microsoft.Extensions.FileProviders.NullFileProvider();
    }
}
