using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Sockeye.Tests;

/// <summary>Apache in front of a server, with Digest authentication (RFC 7616).</summary>
internal sealed class ApacheServer : IAsyncDisposable
{
    private const string Modules = "/usr/lib/apache2/modules";
    private const string Realm = "here";

    private readonly ProgramFolder _folder = new();
    private PeerProcess? _process;

    public int Port { get; } = FreePort.Next();

    /// <summary>Starts Apache in front of a server.</summary>
    /// <param name="backend">Where the server behind it listens.</param>
    /// <param name="credential">Who is let in.</param>
    /// <param name="nonceSeconds">How long a nonce is good for; -1 for one that is always stale.</param>
    public static async Task<ApacheServer> StartAsync(EndPoint backend, NetworkCredential credential, int nonceSeconds = 300)
    {
        string program = PeerPrograms.Require("apache2");
        var server = new ApacheServer();
        try
        {
            await server._folder.WriteAsync(
                "users", $"{credential.UserName}:{Realm}:{Hash($"{credential.UserName}:{Realm}:{credential.Password}")}\n");
            string file = await server._folder.WriteAsync("apache.conf", server.Describe(backend, nonceSeconds));
            server._process = PeerProcess.Start(program, ["-X", "-d", server._folder.Path, "-f", file]);
            await server._process.ListensAsync(server.Port);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        _folder.Dispose();
    }

    private string Describe(EndPoint backend, int nonceSeconds) =>
        $"""
        ServerName localhost
        Listen 127.0.0.1:{Port}
        PidFile {_folder["pid"]}
        ErrorLog {_folder["log"]}
        DefaultRuntimeDir {_folder.Path}
        Mutex sem
        LoadModule mpm_event_module {Modules}/mod_mpm_event.so
        LoadModule authn_core_module {Modules}/mod_authn_core.so
        LoadModule authn_file_module {Modules}/mod_authn_file.so
        LoadModule authz_core_module {Modules}/mod_authz_core.so
        LoadModule authz_user_module {Modules}/mod_authz_user.so
        LoadModule auth_digest_module {Modules}/mod_auth_digest.so
        LoadModule proxy_module {Modules}/mod_proxy.so
        LoadModule proxy_http_module {Modules}/mod_proxy_http.so
        LoadModule proxy_wstunnel_module {Modules}/mod_proxy_wstunnel.so
        ProxyPass "/" "ws://{backend}/"
        <Location "/">
          AuthType Digest
          AuthName "{Realm}"
          AuthDigestProvider file
          AuthDigestNonceLifetime {nonceSeconds}
          AuthUserFile {_folder["users"]}
          Require valid-user
        </Location>

        """;

#pragma warning disable CA5351 // What mod_auth_digest has.
    private static string Hash(string text) => Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(text)));
#pragma warning restore CA5351
}
