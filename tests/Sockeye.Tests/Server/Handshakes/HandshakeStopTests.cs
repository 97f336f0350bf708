using System.Net;
using System.Text;
using Sockeye.Server;
using Sockeye.Server.Handshakes;

namespace Sockeye.Tests;

/// <summary>An opening handshake whose server stops, or whose transport ends, before or after it has started.</summary>
public sealed class HandshakeStopTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly InMemoryTransport _transport = new();
    private readonly ServerHandshakeSession _session;

    public HandshakeStopTests()
    {
        var options = new WebSocketServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0), TimeProvider = _time };
        var context = new ServerContext(options, new RecordingHandler());
        _session = new ServerHandshakeSession(context, context.SettingsOn(context.Wheel, isSecure: false), _transport);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_client_rejected_by_a_stop_has_a_second_to_disconnect(bool stopsBeforeStart)
    {
        Action[] events = [_session.Start, _session.RejectUndecided];
        foreach (Action happen in stopsBeforeStart ? events.Reverse() : events)
        {
            happen();
        }

        Assert.Equal(1, ResponseCount());
        _time.Advance(TimeSpan.FromSeconds(0.8));
        Assert.False(_transport.IsClosed);
        _time.Advance(TimeSpan.FromSeconds(0.5));
        Assert.True(_transport.IsClosed);
    }

    [Fact]
    public void A_client_that_a_stop_has_rejected_is_not_rejected_again()
    {
        _session.RejectUndecided();
        _session.StartRejected(WebSocketHandshakeError.TooManyConnections);

        Assert.True(_transport.IsStarted);
        Assert.Equal(1, ResponseCount());
    }

    [Fact]
    public void A_session_that_ended_before_its_start_leaves_no_deadline()
    {
        _session.RejectUndecided();
        _transport.Abort(null);

        _session.Start();

        Assert.Equal(0, _time.TimerCount);
    }

    private int ResponseCount() =>
        Encoding.ASCII.GetString(_transport.TakeOutput()).Split("HTTP/1.1 503 ", StringSplitOptions.None).Length - 1;
}
