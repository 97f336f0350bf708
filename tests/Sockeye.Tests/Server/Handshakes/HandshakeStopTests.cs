using System.Net;
using System.Text;
using Sockeye.Server;
using Sockeye.Server.Handshakes;

namespace Sockeye.Tests;

/// <summary>An opening handshake whose server stops.</summary>
public sealed class HandshakeStopTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_client_rejected_by_a_stop_has_a_second_to_disconnect(bool stopsBeforeStart)
    {
        var time = new ManualTimeProvider();
        var transport = new InMemoryTransport();
        var options = new WebSocketServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0), TimeProvider = time };
        var context = new ServerContext(options, new RecordingHandler());
        var session = new ServerHandshakeSession(context, context.SettingsOn(context.Wheel, isSecure: false), transport);

        Action[] events = [session.Start, session.RejectUndecided];
        foreach (Action happen in stopsBeforeStart ? events.Reverse() : events)
        {
            happen();
        }

        Assert.StartsWith("HTTP/1.1 503 ", Encoding.ASCII.GetString(transport.TakeOutput()), StringComparison.Ordinal);
        time.Advance(TimeSpan.FromSeconds(0.8));
        Assert.False(transport.IsClosed);
        time.Advance(TimeSpan.FromSeconds(0.5));
        Assert.True(transport.IsClosed);
    }
}
