using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>The behavior of a connection does not depend on how the network splits its input.</summary>
public sealed class ChunkingTests
{
    private const int ScriptCount = 2_000;

    [Theory]
    [InlineData("server")]
    [InlineData("client")]
    public void The_same_bytes_cause_the_same_events_whole_split_in_two_and_byte_by_byte(string role)
    {
        Role end = role == "server" ? Role.Server : Role.Client;
        int violations = 0;
        for (int seed = 0; seed < ScriptCount; seed++)
        {
            var random = new Random(seed);
            byte[] wire = Script(random, end);
            int cut = random.Next(wire.Length);

            (string whole, string sent) = Run(end, [wire]);
            Assert.Equal((whole, sent), Run(end, [wire[..cut], wire[cut..]]));
            Assert.Equal((whole, sent), Run(end, [.. wire.Chunk(1)]));
            Assert.Equal((whole, sent), Run(end, [.. wire.Chunk(1 + random.Next(20))]));
            violations += whole.Contains("WebSocketProtocolException", StringComparison.Ordinal) ? 1 : 0;
        }

        // The scripts are worth something only if there are many of both kinds.
        Assert.InRange(violations, ScriptCount / 10, ScriptCount * 9 / 10);
    }

    private static (string Events, string Sent) Run(Role role, IEnumerable<byte[]> chunks)
    {
        bool hasClosed = false;
        var handler = new RecordingHandler
        {
            Sync = (connection, text) => hasClosed |= connection.TrySend([(byte)text.Length]) == WebSocketSendResult.Closed,
        };
        var options = new WebSocketConnectionOptions { Limits = new() { MaxMessageLength = 300 } };
        var test = new TestConnection(role, handler, options);
        foreach (byte[] chunk in chunks)
        {
            test.Transport.Feed(chunk);
        }

        Assert.False(hasClosed, "A handler can send until the connection ends.");

        test.Transport.EndInput();
        Assert.Equal(0, test.Pool.OutCount);
        Assert.False(test.Pool.HasFault);
        return ($"{handler.Events} {test.Result} {test.Result.Exception?.GetType().Name}", test.Wire());
    }

    // Frames that are mostly legal, so that a script gets somewhere before it goes wrong, if it does.
    private static byte[] Script(Random random, Role receiver)
    {
        List<byte> wire = [];
        bool isOpen = false;
        int count = 1 + random.Next(12);
        Role sender = receiver == Role.Server ? Role.Client : Role.Server;
        for (int i = 0; i < count; i++)
        {
            bool isControl = random.Next(4) == 0;
            bool fin = isControl || random.Next(3) != 0;
            Opcode opcode = isControl
                ? (random.Next(8) == 0 ? Opcode.Close : random.Next(2) == 0 ? Opcode.Ping : Opcode.Pong)
                : isOpen ? Opcode.Continuation : random.Next(2) == 0 ? Opcode.Text : Opcode.Binary;
            byte[] payload = new byte[random.Next(random.Next(6) == 0 ? 200 : 12)];
            payload.AsSpan().Fill((byte)('a' + random.Next(26)));
            if (opcode == Opcode.Close && payload.Length >= 2)
            {
                (payload[0], payload[1]) = (0x03, (byte)(0xE8 + random.Next(12)));
            }

            if (isControl && payload.Length > 125)
            {
                payload = payload[..125];
            }

            byte[] frame = TestConnection.FrameOf(sender, opcode, payload, fin);
            if (random.Next(12) == 0)
            {
                // One bit goes wrong, anywhere.
                frame[random.Next(frame.Length)] ^= (byte)(1 << random.Next(8));
            }

            wire.AddRange(frame);
            isOpen = isControl ? isOpen : !fin;
        }

        return [.. wire];
    }
}
