using System.Text;
using static Sockeye.Tests.DeflateSetup;

namespace Sockeye.Tests;

/// <summary>Encoders are returned when their connection has sent nothing for long.</summary>
public sealed class IdleEncoderTests
{
    private static readonly TimeSpan IdleTimeout = PerMessageDeflateOptions.Default.EncoderIdleTimeout;
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(200);

    private readonly MessagesOnTheWire _messages = new(new PeerInflater());
    private readonly DeflateSetup _setup = Takeover();

    [Fact]
    public void An_idle_encoder_is_returned_and_the_next_message_refers_to_no_earlier_one()
    {
        TestConnection test = Open(_setup);
        Send(test, TextOf(1));
        int length = test.Frames()[0].Payload.Length;

        test.Time.Advance(IdleTimeout - Tolerance);
        Assert.Equal(0, _setup.KeptCounts.Deflaters);
        test.Time.Advance(2 * Tolerance);
        Assert.Equal(1, _setup.KeptCounts.Deflaters);
        Send(test, TextOf(1));

        Assert.Equal(length, test.Frames()[0].Payload.Length);
        Assert.Equal(0, _setup.KeptCounts.Deflaters);
    }

    [Fact]
    public void The_peer_inflates_messages_before_and_after_the_return()
    {
        TestConnection test = Open(_setup);
        for (int round = 0; round < 5; round++)
        {
            Send(test, TextOf(round));
            Send(test, TextOf(round));
            test.Time.Advance(IdleTimeout + Tolerance);

            Assert.Equal(1, _setup.KeptCounts.Deflaters);
            Assert.Equal([TextOf(round), TextOf(round)], _messages.Texts(test.Frames()));
        }
    }

    [Fact]
    public void An_encoder_that_is_used_is_kept()
    {
        TestConnection test = Open(_setup);
        for (int round = 0; round < 10; round++)
        {
            Send(test, TextOf(round));
            test.Time.Advance(IdleTimeout * 0.7);
            Assert.Equal(0, _setup.KeptCounts.Deflaters);
        }

        test.Time.Advance(IdleTimeout * 0.4);
        Assert.Equal(1, _setup.KeptCounts.Deflaters);
    }

    [Fact]
    public void Uncompressed_messages_do_not_keep_the_encoder()
    {
        TestConnection test = Open(_setup);
        Send(test, TextOf(1));
        test.Time.Advance(IdleTimeout * 0.7);

        test.Connection.TrySend(Encoding.UTF8.GetBytes(TextOf(2)), WebSocketMessageKind.Text, compress: false);
        test.Time.Advance(IdleTimeout * 0.4);

        Assert.Equal(1, _setup.KeptCounts.Deflaters);
    }

    [Fact]
    public async Task An_open_message_keeps_its_encoder()
    {
        TestConnection test = Open(_setup);
        WebSocketMessageWriter writer = test.Connection.BeginMessage(WebSocketMessageKind.Text);
        await writer.WriteAsync(Encoding.UTF8.GetBytes(TextOf(1)));

        test.Time.Advance(5 * IdleTimeout);
        Assert.Equal(0, _setup.KeptCounts.Deflaters);
        await writer.CompleteAsync(Encoding.UTF8.GetBytes(TextOf(1)));
        Assert.Equal([TextOf(1) + TextOf(1)], _messages.Texts(test.Frames()));

        test.Time.Advance(2 * IdleTimeout);
        Assert.Equal(1, _setup.KeptCounts.Deflaters);
    }

    [Fact]
    public void An_encoder_without_a_timeout_is_kept_until_the_end()
    {
        DeflateSetup setup = Takeover(PerMessageDeflateOptions.Default with
        {
            MinimumLength = 0,
            EncoderIdleTimeout = Timeout.InfiniteTimeSpan,
        });
        TestConnection test = Open(setup);
        Send(test, TextOf(1));

        test.Time.Advance(TimeSpan.FromDays(2));
        Assert.Equal(0, setup.KeptCounts.Deflaters);
        test.Connection.Abort();

        Assert.Equal(1, setup.KeptCounts.Deflaters);
    }

    [Fact]
    public void No_deadline_is_armed_without_an_encoder()
    {
        TestConnection test = Open(Forgetting());
        Send(test, TextOf(1));

        Assert.Equal(0, test.Time.TimerCount);
    }

    [Fact]
    public void No_deadline_is_armed_after_the_end()
    {
        TestConnection test = Open(_setup);
        Send(test, TextOf(1));
        Assert.NotEqual(0, test.Time.TimerCount);

        test.Connection.Abort();
        test.Time.Advance(2 * IdleTimeout);

        Assert.Equal(0, test.Time.TimerCount);
        Assert.Equal(1, _setup.KeptCounts.Deflaters);
    }

    // Keep-alive has timers of its own, and a peer that says nothing does not live as long as this.
    private static TestConnection Open(DeflateSetup setup) => new(
        options: new WebSocketConnectionOptions { KeepAlive = KeepAliveOptions.Disabled }, deflate: setup);

    private static void Send(TestConnection test, string text) =>
        test.Connection.TrySend(Encoding.UTF8.GetBytes(text), WebSocketMessageKind.Text);
}
