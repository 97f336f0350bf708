using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>Connections of one thread that share the state of an unfinished message.</summary>
public sealed class ReadSideTests
{
    [Fact]
    public void Split_frames_of_different_connections_do_not_mix()
    {
        RecordingHandler[] handlers = [.. Enumerable.Range(0, 4).Select(_ => new RecordingHandler())];
        TestConnection[] tests = [.. handlers.Select(handler => new TestConnection(handler: handler))];
        byte[][] frames = [.. tests.Select((test, i) => test.FromPeer(Opcode.Text, Text(i)))];

        for (int position = 0; position < frames[0].Length; position++)
        {
            for (int i = 0; i < tests.Length; i++)
            {
                tests[i].Transport.Feed(frames[i].AsSpan(position, 1));
            }
        }

        Assert.Equal(["message 0", "message 1", "message 2", "message 3"], handlers.Select(handler => handler.Events));
        Assert.All(tests, test => Assert.Equal(0, test.Pool.OutCount));
    }

    [Fact]
    public void Connections_with_different_rules_share_a_reader()
    {
        var handler = new RecordingHandler();
        var server = new TestConnection(handler: handler);
        var client = new TestConnection(Role.Client, handler);
        var strict = new TestConnection(handler: handler, options: new WebSocketConnectionOptions
        {
            Limits = new() { MaxMessageLength = 3 },
        });
        var pieces = new TestConnection(
            handler: handler, options: new WebSocketConnectionOptions { DeliverFragments = true });

        ReceiveInFragments(server);
        ReceiveInFragments(client);
        ReceiveInFragments(strict);
        ReceiveInFragments(pieces);
        ReceiveInFragments(server);

        Assert.Equal("abcd abcd closed:1009 ab… cd. abcd", handler.Events);
        Assert.Equal(1009, Assert.Single(strict.Frames()).CloseCode);
    }

    [Fact]
    public void A_failed_connection_leaves_no_state_to_the_next()
    {
        var handler = new RecordingHandler();
        var failed = new TestConnection(handler: handler);
        var next = new TestConnection(handler: handler);

        failed.Receive(Opcode.Continuation, "no message is open"u8);
        failed.Receive("not for anybody");
        next.Receive(Opcode.Text, "for "u8, fin: false);
        failed.Receive("not for anybody");
        next.Receive(Opcode.Continuation, "somebody"u8);

        Assert.Equal("closed:1002 for somebody", handler.Events);
    }

    [Fact]
    public void Frames_after_a_completed_split_frame_are_read_in_order()
    {
        var handler = new RecordingHandler();
        var test = new TestConnection(handler: handler);
        byte[] wire =
        [
            .. test.FromPeer(Opcode.Text, "1"u8),
            .. test.FromPeer(Opcode.Text, "2"u8),
            .. test.FromPeer(Opcode.Ping, []),
            .. test.FromPeer(Opcode.Text, "3"u8, fin: false),
            .. test.FromPeer(Opcode.Continuation, "4"u8),
            .. test.FromPeer(Opcode.Text, "5"u8),
        ];

        for (int cut = 0; cut <= wire.Length; cut++)
        {
            test.Transport.Feed(wire.AsSpan(0, cut));
            test.Transport.Feed(wire.AsSpan(cut));
        }

        Assert.Equal(
            string.Join(' ', Enumerable.Repeat("1 2 ping 34 5", wire.Length + 1)), handler.Events);
    }

    private static byte[] Text(int number) => System.Text.Encoding.UTF8.GetBytes($"message {number}");

    private static void ReceiveInFragments(TestConnection test)
    {
        test.Receive(Opcode.Text, "ab"u8, fin: false);
        test.Receive(Opcode.Continuation, "cd"u8);
    }
}
