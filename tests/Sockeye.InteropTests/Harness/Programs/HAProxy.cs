using System.Net.Sockets;
using System.Text;

namespace Sockeye.Tests;

/// <summary>HAProxy, which forwards upgrades and checks the health of the server.</summary>
internal sealed class HAProxy : ReverseProxy
{
    /// <summary>Starts a soft stop: it accepts no new connections, and ends with the last one.</summary>
    public const int SoftStopSignal = 10;

    public static async Task<HAProxy> StartAsync(ReverseProxySettings settings, string check = "")
    {
        string program = PeerPrograms.Require("haproxy");
        HAProxy haproxy = new();
        await haproxy.Folder.WriteAsync(TestCertificate.Value);
        string file = await haproxy.Folder.WriteAsync("haproxy.cfg", haproxy.Describe(settings, check));
        await haproxy.StartAsync(program, ["-db", "-q", "-f", file]);
        return haproxy;
    }

    /// <summary>HAProxy's state of the server: a column of its statistics.</summary>
    public async Task<string> ServerStateAsync(string column)
    {
        await using NetworkStream stream = new(await ConnectToStatisticsAsync(), ownsSocket: true);
        await stream.WriteAsync("show stat\n"u8.ToArray(), Deadline.Token());
        using StreamReader reader = new(stream, Encoding.ASCII);
        string[] lines = (await reader.ReadToEndAsync(Deadline.Token())).Split('\n');
        int index = Array.IndexOf(lines[0].TrimStart('#', ' ').Split(','), column);
        return lines.Single(line => line.StartsWith("server,only,", StringComparison.Ordinal)).Split(',')[index];
    }

    /// <summary>Waits until a health check had a result; one on a busy machine may have failed before.</summary>
    public async Task CheckedAsync(string column, string expected)
    {
        using PeriodicTimer tries = new(TimeSpan.FromMilliseconds(10));
        CancellationToken deadline = Deadline.Token();
        string found = await ServerStateAsync(column);
        while (found != expected)
        {
            Assert.False(deadline.IsCancellationRequested, $"The {column} is {found}, not {expected}.");
            await tries.WaitForNextTickAsync();
            found = await ServerStateAsync(column);
        }
    }

    private async Task<Socket> ConnectToStatisticsAsync()
    {
        using PeriodicTimer tries = new(TimeSpan.FromMilliseconds(10));
        while (true)
        {
            Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(Folder["stats"]), Deadline.Token());
                return socket;
            }
            catch (SocketException exception) when (
                exception.SocketErrorCode is SocketError.AddressNotAvailable or SocketError.ConnectionRefused)
            {
                // HAProxy listens to clients before it does here: the file does not exist yet, or nothing listens on it.
                socket.Dispose();
                await tries.WaitForNextTickAsync(Deadline.Token());
            }
        }
    }

    private string Describe(ReverseProxySettings settings, string check) => $$"""
        global
          stats socket {{Folder["stats"]}}
        defaults
          mode http
          timeout connect 5s
          timeout client 30s
          timeout server 30s
          timeout check 20s
          timeout tunnel {{settings.IdleSeconds}}s
          option forwardfor
        frontend clients
          bind 127.0.0.1:{{PlainPort}}
          bind 127.0.0.1:{{SecurePort}} ssl crt {{Folder["both.pem"]}} alpn h2,http/1.1
          acl is_standard path_beg /forwarded
          http-request set-header X-Forwarded-Proto https if { ssl_fc }
          http-request set-header X-Forwarded-Proto http if !{ ssl_fc }
          http-request set-header Forwarded for=%[src];proto=https if { ssl_fc } is_standard
          http-request set-header Forwarded for=%[src];proto=http if !{ ssl_fc } is_standard
          default_backend server
        backend server
          {{check}}
          server only {{settings.BackendText.Replace("unix:", "unix@", StringComparison.Ordinal)}} {{Tls(settings)}} {{(check.Length == 0 ? "" : "check inter 2s")}}

        """;

    private string Tls(ReverseProxySettings settings) => settings.IsBackendSecure
        ? $"ssl verify required ca-file {Folder["certificate.pem"]} verifyhost localhost sni str(localhost)"
        : "";
}
