namespace Sockeye.Tests;

/// <summary>How the messages of a reconnecting client end: normally only if the application has closed it.</summary>
public sealed class ReconnectEndTests : IDisposable
{
    private readonly RawServer _server = new();

    public static TheoryData<int> FinalCodes { get; } =
        [1000, 1002, 1003, 1007, 1008, 1009, 1010, 3000, 3003];

    public void Dispose() => _server.Dispose();

    [Theory]
    [MemberData(nameof(FinalCodes))]
    public async Task A_stopped_client_delivers_received_messages_and_then_throws_the_close_result(int code)
    {
        await using var client = new WebSocketReconnectingClient(_server.Address);
        Task<(List<string> Messages, Exception? End)> reading = ReadAllAsync(client);
        _ = client.StartAsync();
        using RawPeer peer = await _server.OpenAsync();

        await SendAndCloseAsync(peer, code);
        (List<string> messages, Exception? end) = await reading.WithDeadline();

        Assert.Equal(["one", "two", "three"], messages);
        WebSocketClosedException closed = Assert.IsType<WebSocketClosedException>(end);
        Assert.Equal((code, "why", true), ((int)closed.Result.Code, closed.Result.Reason, closed.Result.WasClean));
        Assert.Contains($"{code}", closed.Message, StringComparison.Ordinal);
        Assert.Contains("why", closed.Message, StringComparison.Ordinal);
        Assert.False(_server.HasPending);
    }

    [Fact]
    public async Task Messages_received_before_the_client_stopped_are_delivered_to_a_later_receive()
    {
        await using var client = new WebSocketReconnectingClient(_server.Address);
        _ = client.StartAsync();
        using RawPeer peer = await _server.OpenAsync();
        await SendAndCloseAsync(peer, code: 1008);
        await client.Closed.WithDeadline();

        (List<string> messages, Exception? end) = await ReadAllAsync(client).WithDeadline();
        (List<string> more, Exception? again) = await ReadAllAsync(client).WithDeadline();

        Assert.Equal(["one", "two", "three"], messages);
        Assert.Empty(more);
        Assert.Equal(1008, (int)Assert.IsType<WebSocketClosedException>(end).Result.Code);
        Assert.Equal(1008, (int)Assert.IsType<WebSocketClosedException>(again).Result.Code);
    }

    [Fact]
    public async Task A_client_stopped_by_its_options_throws()
    {
        await using var client = new WebSocketReconnectingClient(
            _server.Address, new() { ShouldReconnect = _ => false });
        Task<(List<string> Messages, Exception? End)> reading = ReadAllAsync(client);
        _ = client.StartAsync();
        using RawPeer peer = await _server.OpenAsync();

        await SendAndCloseAsync(peer, code: 1001);
        (List<string> messages, Exception? end) = await reading.WithDeadline();

        Assert.Equal(3, messages.Count);
        Assert.Equal(1001, (int)Assert.IsType<WebSocketClosedException>(end).Result.Code);
    }

    [Fact]
    public async Task A_connection_closed_by_the_application_is_not_a_failure()
    {
        await using var client = new WebSocketReconnectingClient(_server.Address);
        Task<(List<string> Messages, Exception? End)> reading = ReadAllAsync(client);
        Task starting = client.StartAsync();
        using RawPeer peer = await _server.OpenAsync();
        await starting.WithDeadline();

        Task<WebSocketCloseResult> closing = client.Connection!.CloseAsync().AsTask();
        RawFrame frame = await peer.ReadFrameAsync();
        await peer.SendAsync(RawFrame.Bytes(RawFrame.Close, frame.Payload));
        peer.EndOutput();
        await closing.WithDeadline();

        Assert.Null((await reading.WithDeadline()).End);
    }

    private static async Task SendAndCloseAsync(RawPeer peer, int code)
    {
        await peer.SendAsync((byte[])
        [
            .. RawFrame.Bytes(RawFrame.Text, "one"u8), .. RawFrame.Bytes(RawFrame.Text, "two"u8),
            .. RawFrame.Bytes(RawFrame.Text, "three"u8),
            .. RawFrame.Bytes(RawFrame.Close, [(byte)(code >> 8), (byte)code, .. "why"u8]),
        ]);
        peer.EndOutput();
    }

    private static async Task<(List<string> Messages, Exception? End)> ReadAllAsync(WebSocketReconnectingClient client)
    {
        List<string> messages = [];
        Exception? end = await Record.ExceptionAsync(async () =>
        {
            await foreach (WebSocketMessage message in client.ReadAllAsync())
            {
                messages.Add(message.GetText());
            }
        });
        return (messages, end);
    }
}
