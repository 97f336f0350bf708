namespace Sockeye.Tests;

/// <summary>A program in front of a server: it listens on two ports, one of them over TLS.</summary>
/// <remarks>
/// It tells who asks in X-Forwarded-For and X-Forwarded-Proto, and on paths that begin with <c>/forwarded</c> in Forwarded.
/// </remarks>
internal abstract class ReverseProxy : IAsyncDisposable
{
    private PeerProcess? _process;

    public Uri Plain => new($"ws://127.0.0.1:{PlainPort}");

    public Uri Secure => new($"wss://127.0.0.1:{SecurePort}");

    public int PlainPort { get; } = FreePort.Next();

    public int SecurePort { get; } = FreePort.Next();

    protected ProgramFolder Folder { get; } = new();

    public PeerProcess Process => _process!;

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        Folder.Dispose();
    }

    protected async Task StartAsync(string program, string[] arguments)
    {
        try
        {
            _process = PeerProcess.Start(program, arguments);
            await _process.ListensAsync(PlainPort);
            await _process.ListensAsync(SecurePort);
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }
}
