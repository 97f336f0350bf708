using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Sockeye.Tests;

/// <summary>Link-local IPv6 addresses with a zone (RFC 4007 §11, RFC 6874, RFC 9844).</summary>
public sealed class ClientZoneTests
{
    // A namespace of its own, whose loopback interface has a link-local address.
    private const string InNamespace =
        """ip link set lo up && ip -6 address add fe80::1/64 dev lo nodad && exec "$0" "$@" """;

    [Theory]
    [EachClient]
    public async Task A_zone_without_an_interface_is_reported(ClientKind kind)
    {
        WebSocketHandshakeException thrown = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync("ws://[fe80::1%25nowhere]:1/", kind.Options()).WithDeadline());

        Assert.Equal(WebSocketHandshakeError.NotReachable, thrown.Error);
        Assert.EndsWith("There is no network interface 'nowhere'.", thrown.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ws://[fe80::1%25eth0]:8080/", "[fe80::1]:8080", "fe80::1%eth0")]
    [InlineData("ws://[fe80::1%eth0]/", "[fe80::1]", "fe80::1%eth0")]
    [InlineData("ws://[fe80::1%7]/", "[fe80::1]", "fe80::1%7")]
    [InlineData("ws://[fe80::1]/", "[fe80::1]", "fe80::1")]
    public async Task The_zone_is_used_to_connect_and_omitted_from_the_Host_header(string address, string host, string target)
    {
        using var server = new RawServer();
        WebSocketConnectContext? seen = null;
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(address, new WebSocketClientOptions
        {
            UseProxy = false,
            ConnectCallback = async (context, token) =>
            {
                seen = context;
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(IPEndPoint.Parse(server.Address.Authority), token);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        (RawPeer peer, string request) = await server.AcceptAsync();
        using RawPeer _ = peer;
        await peer.SendAsync(RawServer.Accepting(request));
        WebSocketConnection client = await connecting.WithDeadline();

        Assert.Equal(host, RawServer.Header(request, "Host"));
        Assert.DoesNotContain("%", request, StringComparison.Ordinal);
        Assert.Equal(target, seen!.EndPoint.Host);
        Assert.DoesNotContain("%", client.Response!.Address.ToString(), StringComparison.Ordinal);
        client.Abort();
    }

    [Fact]
    public async Task A_link_local_address_connects_through_its_zone()
    {
        Assert.SkipUnless(
            OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Needs root, to make a network namespace.");
        string program = Path.ChangeExtension(typeof(ClientZoneTests).Assembly.Location, null);
        var start = new ProcessStartInfo(
            "unshare",
            [
                "--net", "sh", "-c", InNamespace, program, "--explicit", "on", "--filter-method",
                $"*.{nameof(A_link_local_address_connects_inside_a_network_namespace)}",
            ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync().WithDeadline() + await errors.WithDeadline();
        await process.WaitForExitAsync().WithDeadline();

        Assert.True(process.ExitCode == 0 && output.Contains("succeeded: 1", StringComparison.Ordinal), output);
    }

    [Fact(Explicit = true)] // run by the one above, in a process of its own
    public async Task A_link_local_address_connects_inside_a_network_namespace()
    {
        uint index = uint.Parse(await File.ReadAllTextAsync("/sys/class/net/lo/ifindex"));
        var any = new WebSocketServerOptions { EndPoint = new IPEndPoint(IPAddress.IPv6Any, 0) };
        await using WebSocketServer server = await WebSocketServer.StartAsync(any, async (connection, token) =>
        {
            await connection.SendAsync(connection.Request!.Host, token);
            await Servers.EchoAsync(connection, token);
        });
        int port = ((IPEndPoint)server.LocalEndPoint).Port;
        foreach (ClientKind kind in Clients.Kinds)
        {
            foreach (string zone in (string[])["%25lo", "%lo", $"%{index}", $"%25{index}"])
            {
                await using WebSocketConnection client = await WebSocketClient.ConnectAsync(
                    $"ws://[fe80::1{zone}]:{port}/", kind.Options()).WithDeadline();

                Assert.Equal($"[fe80::1]:{port}", (await client.ReceiveMessageAsync().WithDeadline()).GetText());
                Assert.Equal(index, ((IPEndPoint)client.RemoteEndPoint!).Address.ScopeId);
            }
        }
    }
}
