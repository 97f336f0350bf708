using System.Diagnostics;
using Sockeye.Protocol;

namespace Sockeye.Telemetry;

/// <summary>Records how a connection has ended: in the metrics, and in its activity.</summary>
/// <param name="code">The close code.</param>
/// <param name="isLocal">Whether this end began to close it.</param>
/// <param name="exception">What went wrong; <see langword="null"/> if nothing did.</param>
internal readonly struct ConnectionEnd(WebSocketCloseCode code, bool isLocal, Exception? exception)
{
    /// <summary>Records the end in the metrics.</summary>
    public void Record(ConnectionGroup group, Role role, TimeSpan duration)
    {
        if (!Instruments.Lifetimes.Enabled || group.IsHidden)
        {
            return;
        }

        var tags = new TagList(group.Tags)
        {
            { TelemetryTags.CloseCode, CloseCodeTags.Of(code, isChosenByClient: role == Role.Server && !isLocal) },
            { TelemetryTags.CloseInitiator, Initiator },
        };
        if (exception is not null)
        {
            tags.Add(TelemetryTags.ErrorType, ErrorTypes.Of(exception));
        }

        Instruments.Lifetimes.Record(duration.TotalSeconds, tags);
    }

    /// <summary>Ends the activity of the connection.</summary>
    public void Stop(Activity activity)
    {
        // Not one of many: an activity may have the exact code.
        activity.SetTag(TelemetryTags.CloseCode, (int)code);
        activity.SetTag(TelemetryTags.CloseInitiator, Initiator);
        if (exception is not null)
        {
            activity.SetTag(TelemetryTags.ErrorType, ErrorTypes.Of(exception));
            activity.SetStatus(ActivityStatusCode.Error, exception.Message);
        }

        activity.Stop();
    }

    private string Initiator => isLocal ? "local" : "peer";
}
