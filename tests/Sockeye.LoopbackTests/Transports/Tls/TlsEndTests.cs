using System.Security.Authentication;

namespace Sockeye.Tests;

/// <summary>How connections over TLS in place end: with and without close_notify (RFC 8446 §6.1), cut off, or corrupted.</summary>
public sealed class TlsEndTests
{
    /// <summary>Both roles and both versions.</summary>
    public static MatrixTheoryData<TappedEnd, SslProtocols> Both { get; } =
        new(Enum.GetValues<TappedEnd>(), [SslProtocols.Tls12, SslProtocols.Tls13]);

    [Theory]
    [MemberData(nameof(Both))]
    public async Task An_end_within_a_record_is_abnormal_and_says_that_close_notify_is_missing(TappedEnd end, SslProtocols version)
    {
        await using TappedTls pair = await TappedTls.OpenAsync(end, version);
        byte[] last = await pair.EncryptAsync(pair.Frame(RawFrame.Text, "never"u8));

        await pair.SendAsync(last[..^1]);
        pair.EndOutput();

        await AssertTruncatedAsync(pair);
        Assert.Equal(0, pair.Connection.ReceivedMessageCount);
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task An_end_between_records_is_abnormal_and_says_that_close_notify_is_missing(TappedEnd end, SslProtocols version)
    {
        await using TappedTls pair = await TappedTls.OpenAsync(end, version);
        await pair.Peer.SendAsync(pair.Frame(RawFrame.Text, "last"u8));
        Assert.Equal("last", (await pair.Connection.ReceiveMessageAsync().WithDeadline()).GetText());

        pair.EndOutput();

        await AssertTruncatedAsync(pair);
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task Close_notify_without_a_Close_frame_is_abnormal_and_nothing_is_missing(TappedEnd end, SslProtocols version)
    {
        await using TappedTls pair = await TappedTls.OpenAsync(end, version);

        await pair.Tls.ShutdownAsync().WithDeadline();

        await AssertAbnormalAsync(pair);
    }

    // Data and close_notify in one segment, as most peers send their last.
    [Theory]
    [MemberData(nameof(Both))]
    public async Task Close_notify_right_behind_data_ends_the_connection_without_waiting_for_the_socket(TappedEnd end, SslProtocols version)
    {
        await using TappedTls pair = await TappedTls.OpenAsync(end, version);
        pair.Tap.IsHolding = true;
        await pair.Peer.SendAsync(pair.Frame(RawFrame.Text, "last"u8));
        await pair.Tls.ShutdownAsync().WithDeadline();

        Task<WebSocketMessage> receiving = pair.Connection.ReceiveMessageAsync().AsTask();
        await pair.SendAsync(pair.Tap.Take());

        Assert.Equal("last", (await receiving.WithDeadline()).GetText());
        await AssertAbnormalAsync(pair);
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task An_end_without_close_notify_behind_both_Close_frames_is_clean(TappedEnd end, SslProtocols version)
    {
        await using TappedTls pair = await TappedTls.OpenAsync(end, version);
        await pair.Peer.SendAsync(pair.Frame(RawFrame.Close, 0x03, 0xE8));
        Assert.Null(await pair.Connection.ReceiveAsync().WithDeadline());
        Assert.Equal(1000, (await pair.Peer.ReadFrameAsync()).CloseCode);

        pair.EndOutput();

        await AssertCleanAsync(pair);
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task An_end_without_close_notify_behind_the_reply_to_our_Close_frame_is_clean(TappedEnd end, SslProtocols version)
    {
        await using TappedTls pair = await TappedTls.OpenAsync(end, version);
        Task<WebSocketCloseResult> closing = pair.Connection.CloseAsync().AsTask();
        Assert.Equal(1000, (await pair.Peer.ReadFrameAsync()).CloseCode);

        await pair.SendAsync(await pair.EncryptAsync(pair.Frame(RawFrame.Close, 0x03, 0xE8)));
        pair.EndOutput();

        await closing.WithDeadline();
        await AssertCleanAsync(pair);
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task Close_frames_are_followed_by_our_close_notify(TappedEnd end, SslProtocols version)
    {
        await using TappedTls pair = await TappedTls.OpenAsync(end, version);
        await pair.Peer.SendAsync(pair.Frame(RawFrame.Close, 0x03, 0xE8));
        await pair.Tls.ShutdownAsync().WithDeadline();
        Assert.Equal(1000, (await pair.Peer.ReadFrameAsync()).CloseCode);

        // Without it, this would throw: the stream below ends as well.
        Assert.Equal(0, await pair.Tls.ReadAsync(new byte[1]).WithDeadline());
        await AssertCleanAsync(pair);
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task A_flipped_bit_ends_the_connection_and_nothing_of_its_record_is_delivered(TappedEnd end, SslProtocols version)
    {
        await using TappedTls other = await TappedTls.OpenAsync(end, version);
        await using TappedTls pair = await TappedTls.OpenAsync(end, version);
        await pair.Peer.SendAsync(pair.Frame(RawFrame.Text, "whole"u8));
        Assert.Equal("whole", (await pair.Connection.ReceiveMessageAsync().WithDeadline()).GetText());
        byte[] record = await pair.EncryptAsync(pair.Frame(RawFrame.Text, "corrupted"u8));
        record[^1] ^= 1;

        await pair.SendAsync(record);

        WebSocketCloseResult closed = await pair.Connection.Closed.WithDeadline();
        Assert.Equal((false, WebSocketCloseCode.AbnormalClosure), (closed.WasClean, closed.Code));
        Assert.NotNull(closed.Exception);
        Assert.DoesNotContain("close_notify", closed.Exception.ToString(), StringComparison.Ordinal);
        Assert.Equal(1, pair.Connection.ReceivedMessageCount);
        await other.Peer.SendAsync(other.Frame(RawFrame.Text, "still here"u8));
        Assert.Equal("still here", (await other.Connection.ReceiveMessageAsync().WithDeadline()).GetText());
    }

    private static async Task AssertTruncatedAsync(TappedTls pair)
    {
        WebSocketCloseResult closed = await pair.Connection.Closed.WithDeadline();
        Assert.Equal((false, WebSocketCloseCode.AbnormalClosure), (closed.WasClean, closed.Code));
        Assert.NotNull(closed.Exception);
        Assert.Contains("close_notify", closed.Exception.Message, StringComparison.Ordinal);
    }

    private static async Task AssertAbnormalAsync(TappedTls pair)
    {
        WebSocketCloseResult closed = await pair.Connection.Closed.WithDeadline();
        Assert.Equal((false, WebSocketCloseCode.AbnormalClosure), (closed.WasClean, closed.Code));
        Assert.Equal("The peer ended the transport without a Close frame.", closed.Exception?.Message);
    }

    private static async Task AssertCleanAsync(TappedTls pair)
    {
        WebSocketCloseResult closed = await pair.Connection.Closed.WithDeadline();
        Assert.Equal((true, WebSocketCloseCode.NormalClosure), (closed.WasClean, closed.Code));
        Assert.Null(closed.Exception);
    }
}
