using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Sockeye.Tests;

public sealed class DeployHowToTests
{
    [Fact]
    public async Task A_client_can_be_configured_to_trust_a_self_signed_certificate()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory();
        try
        {
            string directory = folder.FullName;
            (string pem, string key) = (Path.Combine(directory, "server.pem"), Path.Combine(directory, "server.key"));
            await File.WriteAllTextAsync(pem, TestCertificate.Value.ExportCertificatePem(), TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(key, TestCertificate.Value.ExportKeyPem(), TestContext.Current.CancellationToken);

            using X509Certificate2 certificate = X509Certificate2.CreateFromPemFile(pem, key);
            var options = new WebSocketServerOptions
            {
                EndPoint = new IPEndPoint(IPAddress.IPv6Any, 0),
                Tls = new SslServerAuthenticationOptions { ServerCertificate = certificate },
            };
            await using var server = await WebSocketServer.StartAsync(options, new Echo());
            var clientOptions = new WebSocketClientOptions
            {
                Tls = new SslClientAuthenticationOptions
                {
                    CertificateChainPolicy = new X509ChainPolicy
                    {
                        TrustMode = X509ChainTrustMode.CustomRootTrust,
                        CustomTrustStore = { X509CertificateLoader.LoadCertificateFromFile(pem) },
                        RevocationMode = X509RevocationMode.NoCheck,
                    },
                },
            };
            await using var connection = await WebSocketClient.ConnectAsync($"wss://localhost:{server.Port}/", clientOptions);

            await connection.SendAsync("safe");
            Assert.Equal("safe", (await connection.ReceiveMessageAsync()).GetText());
            await Assert.ThrowsAsync<WebSocketHandshakeException>(
                () => WebSocketClient.ConnectAsync($"wss://localhost:{server.Port}/"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    // Not run: the test above does the same with files and a port of its own.
    internal static async Task ServeAsync()
    {
        // snippet: certificate
        using X509Certificate2 certificate = X509Certificate2.CreateFromPemFile("server.pem", "server.key");
        var options = new WebSocketServerOptions
        {
            EndPoint = new IPEndPoint(IPAddress.IPv6Any, 443), // all addresses, IPv6 and IPv4
            Tls = new SslServerAuthenticationOptions { ServerCertificate = certificate },
        };
        await using var server = await WebSocketServer.StartAsync(options, new Echo());
        await server.RunAsync();
        // end snippet
    }

    internal static async Task TrustAsync()
    {
        // snippet: trust
        var options = new WebSocketClientOptions
        {
            Tls = new SslClientAuthenticationOptions
            {
                CertificateChainPolicy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    CustomTrustStore = { X509CertificateLoader.LoadCertificateFromFile("server.pem") },
                    RevocationMode = X509RevocationMode.NoCheck,
                },
            },
        };
        await using var connection = await WebSocketClient.ConnectAsync("wss://localhost/", options);
        // end snippet
    }
}
