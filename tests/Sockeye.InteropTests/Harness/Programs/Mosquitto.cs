namespace Sockeye.Tests;

/// <summary>mosquitto, an MQTT broker, with a listener for WebSockets (over libwebsockets).</summary>
internal sealed class Mosquitto : IAsyncDisposable
{
    private readonly ProgramFolder _folder = new();
    private readonly int _port = FreePort.Next();
    private PeerProcess? _process;

    public Uri Address => new($"ws://127.0.0.1:{_port}/mqtt");

    public static async Task<Mosquitto> StartAsync()
    {
        string program = PeerPrograms.Require("mosquitto");
        Mosquitto broker = new();
        string file = await broker._folder.WriteAsync(
            "mosquitto.conf",
            // It does not start with listeners for WebSockets alone.
            $"""
            user root
            listener 0 {broker._folder["mqtt"]}
            listener {broker._port} 127.0.0.1
            protocol websockets
            allow_anonymous true
            persistence false
            log_dest stderr

            """);
        broker._process = PeerProcess.Start(program, ["-c", file]);
        await broker._process.ListensAsync(broker._port);
        return broker;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        _folder.Dispose();
    }
}
