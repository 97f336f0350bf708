using System.Collections.Concurrent;
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

            // snippet: certificate
            using X509Certificate2 certificate = X509Certificate2.CreateFromPemFile(pem, key);
            var options = new WebSocketServerOptions
            {
                EndPoint = new IPEndPoint(IPAddress.Any, 0),
                Tls = new SslServerAuthenticationOptions { ServerCertificate = certificate },
            };
            await using var server = await WebSocketServer.StartAsync(options, new Echo());
            // end snippet

            // snippet: trust
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
            // end snippet

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

    [Fact]
    public async Task Rooms_are_values_of_a_route_parameter()
    {
        var options = new WebSocketServerOptions();

        // snippet: rooms
        var rooms = new ConcurrentDictionary<string, ConcurrentDictionary<long, WebSocketConnection>>();
        var routes = new WebSocketRoutes().Map("/rooms/{room}", async (connection, cancellation) =>
        {
            var room = rooms.GetOrAdd(connection.Request!.GetRouteValue("room")!, _ => new());
            room[connection.Id] = connection;
            try
            {
                await foreach (var message in connection.ReadAllAsync(cancellation))
                {
                    var prepared = WebSocketPreparedMessage.Create(message.Payload.Span, message.Kind);
                    foreach (var (_, member) in room)
                    {
                        _ = member.TrySend(prepared); // a member that is too slow, or leaving, misses the message
                    }
                }
            }
            finally
            {
                room.TryRemove(connection.Id, out _);
            }
        });
        await using var server = new WebSocketServer(options, routes);
        await server.StartAsync();
        // end snippet

        string address = $"ws://localhost:{server.Port}/rooms/";
        await using var ann = await WebSocketClient.ConnectAsync(address + "garden");
        await ann.SendAsync("I am in");
        Assert.Equal("I am in", (await ann.ReceiveMessageAsync()).GetText());
        await using var bob = await WebSocketClient.ConnectAsync(address + "garden");
        await using var eve = await WebSocketClient.ConnectAsync(address + "kitchen");
        await bob.SendAsync("hello");

        // Bob may have come in while the room was still being told about Ann.
        string heard = (await bob.ReceiveMessageAsync()).GetText();
        Assert.Equal("hello", heard == "I am in" ? (await bob.ReceiveMessageAsync()).GetText() : heard);
        Assert.Equal("hello", (await ann.ReceiveMessageAsync()).GetText());
        await eve.SendAsync("nobody here");
        Assert.Equal("nobody here", (await eve.ReceiveMessageAsync()).GetText());
        Assert.Equal(2, rooms.Count);
    }
}
