namespace Sockeye.Tests;

/// <summary>How the log of a server describes a frame that broke a rule, over every transport.</summary>
public sealed class ProtocolViolationLogTests
{
    [Theory]
    [EachServer]
    public async Task The_log_has_header_and_offset_of_a_frame_that_arrived_with_the_request(ServerKind kind)
    {
        byte[] frames = Wire.Masked(Wire.Bytes("81 01 41 81 7E 00 7D"));

        Assert.Equal(
            "the peer broke rule NonMinimalPayloadLength, in the frame 81 FE 00 7D at byte 7",
            await LogAsync(kind, frames, isWithRequest: true));
    }

    [Theory]
    [EachServer]
    public async Task The_log_has_length_and_limit_of_a_message_that_is_too_long(ServerKind kind)
    {
        byte[] frames = Wire.Masked(Wire.Bytes("81 01 41 82 7E 01 00"));

        Assert.Equal(
            "the peer broke rule MessageTooLong: 256 bytes declared, 20 allowed, "
                + "in the frame 82 FE 01 00 37 FA 21 3D at byte 7",
            await LogAsync(kind, frames, isWithRequest: false));
    }

    private static async Task<string> LogAsync(ServerKind kind, byte[] frames, bool isWithRequest)
    {
        var log = new CapturingLoggerFactory();
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            Tls = kind.Tls(),
            LoggerFactory = log,
            Connection = new()
            {
                Limits = new() { MaxMessageLength = 20 },
            },
        });
        using RawPeer peer = kind.IsSecure()
            ? await RawPeer.ConnectTlsAsync(server.LocalEndPoint)
            : await RawPeer.ConnectAsync(server.LocalEndPoint);
        byte[] request = System.Text.Encoding.ASCII.GetBytes(RawPeer.Request("/"));
        if (isWithRequest)
        {
            await peer.SendAsync((byte[])[.. request, .. frames]);
        }
        else
        {
            await peer.SendAsync(request);
            await peer.SendAsync(frames);
        }

        await Deadlines.UntilAsync(() => log.Entries.Any(entry => entry.EventId == 202), "the violation is logged");
        string message = log.Entries.Single(entry => entry.EventId == 202).Message;
        return message[message.IndexOf("the peer", StringComparison.Ordinal)..];
    }
}
