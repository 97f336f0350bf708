using System.Diagnostics;

namespace Sockeye.Telemetry;

/// <summary>Begins the activities of connections.</summary>
internal static class ConnectionActivity
{
    private const string Name = "Sockeye.Connection";

    /// <summary>Begins the activity of a connection, and makes it the current one.</summary>
    /// <param name="connectionId">The number of the connection.</param>
    /// <param name="subprotocol">Its subprotocol, if there is one.</param>
    /// <param name="handshake">The activity of the opening handshake, which is the parent; if there was none, the current activity is.</param>
    /// <param name="group">The group of the connection.</param>
    public static Activity? Start(long connectionId, string? subprotocol, ActivityContext handshake, ConnectionGroup group)
    {
        Activity? activity = Instruments.Activities.StartActivity(Name, ActivityKind.Internal, handshake);
        if (activity is not { IsAllDataRequested: true })
        {
            return activity;
        }

        activity.SetTag(TelemetryTags.ConnectionId, connectionId);
        activity.SetTag(TelemetryTags.Protocol, "websocket");
        if (subprotocol is not null)
        {
            activity.SetTag(TelemetryTags.Subprotocol, subprotocol);
        }

        foreach ((string name, object? value) in group.Tags)
        {
            activity.SetTag(name, value);
        }

        return activity;
    }
}
