using System.Net;

namespace Sockeye.Tests;

/// <summary>A program through which a client connects to servers.</summary>
internal sealed class ForwardProxy : IAsyncDisposable
{
    private readonly ProgramFolder _folder;

    private ForwardProxy(PeerProcess process, ProgramFolder folder, Uri address)
    {
        Process = process;
        Address = address;
        _folder = folder;
    }

    public PeerProcess Process { get; }

    /// <summary>The address of the proxy for a client, with the scheme of its protocol.</summary>
    public Uri Address { get; }

    /// <summary>An HTTP proxy that accepts clients with the credentials, or all clients if it has none.</summary>
    public static async Task<ForwardProxy> StartTinyproxyAsync(NetworkCredential? credential)
    {
        string program = PeerPrograms.Require("tinyproxy");
        ProgramFolder folder = new();
        int port = FreePort.Next();
        string file = await folder.WriteAsync(
            "tinyproxy.conf",
            $"""
            Port {port}
            Listen 127.0.0.1
            Allow 127.0.0.1
            MaxClients 20
            Timeout 60
            LogFile "{folder["log"]}"
            {(credential is null ? "" : $"BasicAuth {credential.UserName} {credential.Password}")}

            """);
        return await StartAsync(program, ["-d", "-c", file], folder, new Uri($"http://127.0.0.1:{port}"));
    }

    /// <summary>A proxy of SOCKS 5 (RFC 1928), which accepts clients with the credentials (RFC 1929).</summary>
    public static Task<ForwardProxy> StartMicrosocksAsync(NetworkCredential? credential)
    {
        string program = PeerPrograms.Require("microsocks");
        int port = FreePort.Next();
        string[] users = credential is null ? [] : ["-u", credential.UserName, "-P", credential.Password];
        return StartAsync(
            program, ["-i", "127.0.0.1", "-p", $"{port}", .. users], new ProgramFolder(), new Uri($"socks5://127.0.0.1:{port}"));
    }

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        _folder.Dispose();
    }

    private static async Task<ForwardProxy> StartAsync(string program, string[] arguments, ProgramFolder folder, Uri address)
    {
        ForwardProxy proxy = new(PeerProcess.Start(program, arguments), folder, address);
        try
        {
            await proxy.Process.ListensAsync(address.Port);
            return proxy;
        }
        catch
        {
            await proxy.DisposeAsync();
            throw;
        }
    }
}
