using Sockeye.Compression;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>
/// A connection that echoes, with a peer that compresses by other means, in every configuration that can be agreed on: both
/// directions with context and without, all windows, both roles (DF-20).
/// </summary>
public sealed class TakeoverConnectionTests
{
    private const int MessageCount = 200;
    private const int MaxMessageLength = 1_500;

    public static TheoryData<bool, bool, bool> Configurations => new MatrixTheoryData<bool, bool, bool>(
        [false, true], [false, true], [false, true]);

    [Theory] // ws 4.6, 24 to 26, 29 and 30
    [MemberData(nameof(Configurations))]
    public void Every_message_comes_back_unchanged(bool serverForgets, bool clientForgets, bool isServer)
    {
        Role role = isServer ? Role.Server : Role.Client;
        for (int windowBits = PerMessageDeflateParameters.MinWindowBits; windowBits <= 15; windowBits++)
        {
            // A server of ours does not agree to compress with 256 bytes; a client with that window sends uncompressed.
            int serverBits = isServer ? Math.Max(9, windowBits) : windowBits;
            var agreed = new PerMessageDeflateParameters(serverForgets, clientForgets, serverBits, windowBits);
            bool peerForgets = isServer ? clientForgets : serverForgets;
            var peer = new PeerDeflater(windowBits, peerForgets);
            EchoAll(role, agreed, peer, new Random(windowBits));
        }
    }

    [Theory] // DF-21: with one that writes BFINAL, or has no context, or nothing but stored blocks, as with any other
    [InlineData("server")]
    [InlineData("client")]
    public void Compressed_and_uncompressed_messages_alternate(string role)
    {
        var handler = new RecordingHandler();
        var test = new TestConnection(
            role == "client" ? Role.Client : Role.Server, handler, deflate: DeflateSetup.Takeover());
        var peer = new PeerDeflater();

        test.ReceiveCompressed(Opcode.Text, peer.Deflate("one"u8));
        test.Receive(Opcode.Text, "two"u8);
        test.ReceiveCompressed(Opcode.Text, Wire.Bytes("f3 48 cd c9 c9 07 00 00"));
        test.ReceiveCompressed(Opcode.Text, Wire.Bytes("00 05 00 fa ff 48 65 6c 6c 6f 00"));
        test.ReceiveCompressed(Opcode.Text, new PeerDeflater().Deflate("three"u8));

        Assert.Equal("one two Hello Hello three", handler.Events);
    }

    private static void EchoAll(Role role, PerMessageDeflateParameters agreed, PeerDeflater peer, Random random)
    {
        var codecs = new MessageCodecs(PerMessageDeflateOptions.Default with { MinimumLength = random.Next(3) * 20 });
        var setup = new DeflateSetup(agreed, codecs);
        var test = new TestConnection(role, new Echo(random), deflate: setup);
        var replies = new MessagesOnTheWire(new PeerInflater(!agreed.HasContextTakeover(role)));
        for (int count = 0; count < MessageCount; count++)
        {
            byte[] message = Inflating.RandomMessage(random, MaxMessageLength);
            bool compress = random.Next(5) != 0;
            Feed(test, random, compress ? peer.Deflate(message) : message, compress);

            Assert.Equal([message], replies.Read(test.Frames()));
        }

        test.Connection.Abort();
        Assert.Equal(0, test.Pool.OutCount);
        Assert.False(test.Pool.HasFault);
    }

    // In fragments, some of them empty, with a ping between them now and then.
    private static void Feed(TestConnection test, Random random, byte[] payload, bool isCompressed)
    {
        IReadOnlyList<byte[]> fragments = Inflating.Cut(random, payload);
        for (int index = 0; index < fragments.Count; index++)
        {
            bool fin = index == fragments.Count - 1;
            if (index == 0 && isCompressed)
            {
                test.ReceiveCompressed(Opcode.Binary, fragments[index], fin);
            }
            else
            {
                test.Receive(index == 0 ? Opcode.Binary : Opcode.Continuation, fragments[index], fin);
            }

            if (random.Next(10) == 0)
            {
                test.Receive(Opcode.Ping, "between"u8);
            }
        }
    }

    private sealed class Echo(Random random) : WebSocketHandler
    {
        public override void OnMessage(
            WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind)
        {
            if (random.Next(3) != 0)
            {
                Assert.Equal(WebSocketSendResult.Sent, connection.TrySend(payload, kind, compress: random.Next(8) != 0));
                return;
            }

            // Nothing is in the way of a send here: all of them complete at once.
            WebSocketMessageWriter writer = connection.BeginMessage(kind);
            IReadOnlyList<byte[]> fragments = Inflating.Cut(random, payload.ToArray());
            Assert.All(fragments.SkipLast(1), fragment => Assert.True(writer.WriteAsync(fragment).IsCompletedSuccessfully));
            Assert.True(writer.CompleteAsync(fragments[^1]).IsCompletedSuccessfully);
        }
    }
}
