using System.Text.Json;

namespace Sockeye.Tests;

/// <summary>A library of another language behind one of the scripts in <c>peers</c>.</summary>
internal sealed class ScriptPeer : PeerClient
{
    private readonly Func<string> _requireProgram;
    private readonly string _script;
    private readonly PeerDeflate _deflate;

    private ScriptPeer(string script, Func<string> requireProgram, PeerDeflate deflate = PeerDeflate.AsUsual)
    {
        _script = Path.Combine(PeerPrograms.Folder, script);
        _requireProgram = requireProgram;
        _deflate = deflate;
    }

    public static ScriptPeer Ws { get; } = new("ws/peer.js", () => PeerPrograms.RequireNode("ws"));

    public static ScriptPeer WebSocketNode { get; } =
        new("websocket/peer.js", () => PeerPrograms.RequireNode("websocket"));

    public static ScriptPeer Python { get; } = new("python/peer.py", PeerPrograms.RequirePython);

    /// <summary>The same peer, asked to compress.</summary>
    public ScriptPeer With(PeerDeflate deflate) => new(_script, _requireProgram, deflate);

    public override async Task<PeerReport> RunAsync(Uri address, string scenario, params string[] arguments)
    {
        await using PeerProcess process = PeerProcess.Start(
            _requireProgram(), _deflate, [_script, "client", address.AbsoluteUri, scenario, .. arguments]);
        string line = await process.ReadLineAsync();
        return JsonSerializer.Deserialize<PeerReport>(line, JsonSerializerOptions.Web)!;
    }

    /// <summary>Starts its server, in one of the modes of <c>peers/README.md</c>.</summary>
    public async Task<PeerServer> StartServerAsync(string mode = "server")
    {
        PeerProcess process = PeerProcess.Start(_requireProgram(), _deflate, [_script, mode]);
        using JsonDocument listening = JsonDocument.Parse(await process.ReadLineAsync());
        return new ScriptServer(process, listening.RootElement.GetProperty("port").GetInt32());
    }

    private sealed class ScriptServer(PeerProcess process, int port) : PeerServer
    {
        public override Uri Address { get; } = new($"ws://127.0.0.1:{port}");

        public override async Task<PeerClose> NextCloseAsync()
        {
            string line = await process.ReadLineAsync();
            return JsonSerializer.Deserialize<PeerClose>(line, JsonSerializerOptions.Web)!;
        }

        public override ValueTask DisposeAsync() => process.DisposeAsync();
    }
}
