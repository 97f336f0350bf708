using System.Globalization;
using System.Net.WebSockets;

namespace Sockeye.Tests;

/// <summary>
/// <see cref="ClientWebSocket"/> as a peer. It cannot ping at will, only keep alive: its pings come by themselves while
/// a scenario runs, and it ends the connection where one is not answered with its own payload.
/// </summary>
internal sealed class DotnetPeerClient(PeerDeflate deflate = PeerDeflate.AsUsual) : PeerClient
{
    public override async Task<PeerReport> RunAsync(Uri address, string scenario, params string[] arguments)
    {
        using ClientWebSocket socket = new();
        socket.Options.Proxy = null;
        socket.Options.KeepAliveInterval = DotnetMessages.KeepAliveInterval;
        socket.Options.KeepAliveTimeout = Deadline.Length;
        if (deflate != PeerDeflate.AsUsual)
        {
            bool isKept = deflate == PeerDeflate.Keeping;
            socket.Options.DangerousDeflateOptions =
                new WebSocketDeflateOptions { ServerContextTakeover = isKept, ClientContextTakeover = isKept };
        }

        foreach (string subprotocol in scenario == "subprotocol" ? arguments : [])
        {
            socket.Options.AddSubProtocol(subprotocol);
        }

        await socket.ConnectAsync(address, Deadline.Token());
        PeerReport report = await RunAsync(socket, scenario, arguments);
        return report with { Subprotocol = socket.SubProtocol ?? "", Close = socket.ReceivedClose() };
    }

    private static async Task<PeerReport> RunAsync(ClientWebSocket socket, string scenario, string[] arguments)
    {
        switch (scenario)
        {
            case "echo" or "fragments":
                return await ExchangeAsync(socket, scenario == "fragments", [.. arguments.Select(Parse)]);
            case "mirror":
                await MirrorAsync(socket);
                return new PeerReport();
            case "pinged":
                await socket.SendTextAsync(arguments[0]);
                return await ReceiveAndCloseAsync(socket, count: 1);
            case "subprotocol":
                return await ReceiveAndCloseAsync(socket, count: 1);
            case "close":
                await socket.CloseAsync((WebSocketCloseStatus)Parse(arguments[0]), arguments[1], Deadline.Token());
                return new PeerReport();
            case "closed":
                await socket.SendTextAsync(arguments[0]);
                Assert.Null(await socket.ReceiveMessageAsync());
                await socket.AnswerCloseAsync();
                return new PeerReport();
            default:
                throw new NotSupportedException($"System.Net.WebSockets cannot do {scenario}.");
        }
    }

    private static async Task<PeerReport> ExchangeAsync(ClientWebSocket socket, bool inThirds, int[] sizes)
    {
        Task sending = SendAllAsync();
        PeerReport report = await ReceiveAndCloseAsync(socket, 2 * sizes.Length, sending);
        return report;

        async Task SendAllAsync()
        {
            foreach (int size in sizes)
            {
                await socket.SendMessageAsync(PeerPayloads.Text(size), WebSocketMessageType.Text, inThirds);
                await socket.SendMessageAsync(PeerPayloads.Binary(size), WebSocketMessageType.Binary, inThirds);
            }
        }
    }

    private static async Task<PeerReport> ReceiveAndCloseAsync(ClientWebSocket socket, int count, Task? sending = null)
    {
        List<PeerMessage> messages = [];
        int fewestFrames = int.MaxValue;
        while (messages.Count < count && await socket.ReceiveMessageAsync() is { } message)
        {
            messages.Add(message.Type == WebSocketMessageType.Text
                ? PeerMessage.OfText(message.Payload)
                : PeerMessage.OfBinary(message.Payload));
            fewestFrames = Math.Min(fewestFrames, message.Frames);
        }

        await (sending ?? Task.CompletedTask);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", Deadline.Token());
        return new PeerReport { Messages = messages, FewestFrames = fewestFrames };
    }

    private static async Task MirrorAsync(ClientWebSocket socket)
    {
        bool inThirds = false;
        while (await socket.ReceiveMessageAsync() is { } message)
        {
            await socket.SendMessageAsync(message.Payload, message.Type, inThirds);
            inThirds = !inThirds;
        }

        await socket.AnswerCloseAsync();
    }

    private static int Parse(string number) => int.Parse(number, CultureInfo.InvariantCulture);
}
