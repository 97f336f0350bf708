using Sockeye.Memory;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>The memory that incomplete messages of all connections may hold (<see cref="LimitOptions.MaxIncompleteLength"/>).</summary>
public sealed class IncompleteMessagesTests
{
    private const int KiB = 1024;
    private const int Limit = 1024 * KiB;

    private readonly MemoryBudget _all = new();
    private readonly MemoryBudget _incomplete = new();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Messages_that_never_end_fail_with_1013_once_they_hold_too_much(bool isServer)
    {
        TestConnection[] tests = [.. Enumerable.Range(0, 40).Select(_ => Open(isServer ? Role.Server : Role.Client))];
        foreach (TestConnection test in tests)
        {
            for (int i = 0; i < 60; i++)
            {
                test.Receive(i == 0 ? Opcode.Binary : Opcode.Continuation, new byte[KiB], fin: false);
            }
        }

        Assert.InRange(_incomplete.ExactHeld, 1, Limit + (tests.Length * 16 * KiB) + (64 * KiB));
        int failed = tests.Count(test => test.Wire() == "Close 1013");
        Assert.InRange(failed, 10, 30);

        // Short messages, whole or not, still arrive.
        TestConnection other = Open(Role.Server);
        other.Receive(Opcode.Text, new byte[10 * KiB], fin: false);
        other.Receive(Opcode.Continuation, new byte[2 * KiB]);
        Assert.Equal(1, other.Connection.ReceivedMessageCount);
        Assert.Equal("", other.Wire());
    }

    [Fact]
    public void A_message_that_ends_counts_no_longer_although_the_application_has_not_received_it()
    {
        TestConnection test = Open(Role.Server);
        test.Receive(Opcode.Binary, new byte[60 * KiB], fin: false);
        Assert.InRange(_incomplete.ExactHeld, 60 * KiB, 128 * KiB);
        Assert.InRange(_all.ExactHeld, 60 * KiB, 256 * KiB);

        test.Receive(Opcode.Continuation, new byte[60 * KiB]);

        Assert.Equal(0, _incomplete.ExactHeld);
        Assert.InRange(_all.ExactHeld, 120 * KiB, 256 * KiB);
    }

    [Fact]
    public void A_message_that_is_handled_in_place_counts_no_longer()
    {
        TestConnection test = Open(Role.Server, new RecordingHandler());
        test.Receive(Opcode.Binary, new byte[60 * KiB], fin: false);
        test.Receive(Opcode.Continuation, new byte[60 * KiB]);
        Assert.Equal((0, 0), (_incomplete.ExactHeld, _all.ExactHeld));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_end_of_a_connection_releases_its_incomplete_message(bool isCompressed)
    {
        TestConnection test = Open(Role.Server, deflate: isCompressed ? DeflateSetup.Forgetting() : null);
        if (isCompressed)
        {
            test.ReceiveCompressed(Opcode.Binary, Inflating.Deflate(new byte[60 * KiB]), fin: false);
        }
        else
        {
            test.Receive(Opcode.Binary, new byte[60 * KiB], fin: false);
        }

        Assert.InRange(_incomplete.ExactHeld, 1, 256 * KiB);
        test.Transport.Break(new IOException("reset"));
        Assert.Equal((0, 0), (_incomplete.ExactHeld, _all.ExactHeld));
    }

    [Fact]
    public void The_default_is_a_quarter_of_the_memory_of_all_connections()
    {
        TestConnection test = new(
            options: new WebSocketConnectionOptions { Limits = new LimitOptions { MaxBufferedLength = 400 * KiB } },
            budget: _all, incomplete: _incomplete);
        test.Receive(Opcode.Binary, new byte[60 * KiB], fin: false);
        Assert.Equal("", test.Wire());
        test.Receive(Opcode.Continuation, new byte[60 * KiB], fin: false);
        Assert.Equal("Close 1013", test.Wire());
    }

    private TestConnection Open(Role role, WebSocketHandler? handler = null, DeflateSetup? deflate = null) => new(
        role, handler,
        new WebSocketConnectionOptions { Limits = new LimitOptions { MaxIncompleteLength = Limit } },
        budget: _all, incomplete: _incomplete, deflate: deflate);
}
