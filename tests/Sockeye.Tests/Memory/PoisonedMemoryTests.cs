using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>The switch that all test projects set: a payload is overwritten when its loan ends.</summary>
public sealed class PoisonedMemoryTests
{
    private static readonly byte[] Overwritten = [0xDD, 0xDD, 0xDD, 0xDD, 0xDD];

    private readonly List<byte[]> _returned = [];
    private readonly TaskCompletionSource _firstReturn = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    public void A_payload_is_overwritten_when_the_next_message_is_received()
    {
        TestConnection test = Open();
        test.Receive("Hello");
        WebSocketMessage message = test.Connection.ReceiveAsync().Result!.Value;
        Assert.Equal("Hello", message.GetText());

        _ = test.Connection.ReceiveAsync();

        Assert.Equal([Overwritten], _returned);
    }

    [Fact]
    public async Task A_payload_is_overwritten_when_the_task_of_the_handler_completes()
    {
        var later = new TaskCompletionSource();
        TestConnection test = Open(new RecordingHandler { Async = async (_, _) => await later.Task });
        test.Receive("Hello");
        Assert.Empty(_returned);

        later.SetResult();

        await _firstReturn.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Equal([Overwritten], _returned);
    }

    [Theory]
    [InlineData(Opcode.Text)]
    [InlineData(Opcode.Ping)]
    [InlineData(Opcode.Pong)]
    internal void A_payload_in_the_receive_buffer_is_overwritten_when_the_handler_returns(Opcode opcode)
    {
        TestConnection test = Open(new RecordingHandler());
        byte[] buffer = test.FromPeer(opcode, "Hello"u8);

        test.Transport.Sink!.OnReceived(buffer);

        Assert.Equal(Overwritten, buffer[^5..]);
    }

    [Fact]
    public void A_payload_in_the_receive_buffer_is_overwritten_when_an_incomplete_frame_came_before()
    {
        var handler = new RecordingHandler();
        TestConnection test = Open(handler);
        byte[] first = test.FromPeer(Opcode.Text, "first"u8);
        test.Transport.Sink!.OnReceived(first.AsSpan(0, 1));
        byte[] buffer = [.. first[1..], .. test.FromPeer(Opcode.Text, "Hello"u8)];

        test.Transport.Sink!.OnReceived(buffer);

        Assert.Equal("first Hello", handler.Events);
        Assert.Equal(Overwritten, buffer[(first.Length - 6)..(first.Length - 1)]);
        Assert.Equal(Overwritten, buffer[^5..]);
    }

    [Fact]
    public void The_payload_of_a_detached_message_is_overwritten_when_it_is_disposed()
    {
        TestConnection test = Open();
        test.Receive("Hello");
        WebSocketOwnedMessage message = test.Connection.ReceiveAsync().Result!.Value.Detach();
        _ = test.Connection.ReceiveAsync();
        Assert.Equal("Hello", message.GetText());

        message.Dispose();

        Assert.Equal([Overwritten], _returned);
    }

    [Fact]
    public void Messages_that_were_not_received_are_overwritten_when_they_are_dropped()
    {
        TestConnection test = Open();
        test.Receive("Hello");

        test.Connection.Abort();
        _ = test.Connection.ReceiveAsync();

        Assert.Equal([Overwritten], _returned);
    }

    private TestConnection Open(WebSocketHandler? handler = null)
    {
        var test = new TestConnection(handler: handler);
        test.Pool.Returning = array =>
        {
            _returned.Add(array[..Overwritten.Length]);
            _firstReturn.TrySetResult();
        };
        return test;
    }
}
