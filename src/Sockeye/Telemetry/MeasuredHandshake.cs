using System.Diagnostics;
using System.Net;
using System.Text;
using Sockeye.Protocol;

namespace Sockeye.Telemetry;

/// <summary>
/// One opening handshake that something listens to: its duration, and its activity. Exists only if a listener is there when the handshake
/// begins. Not thread-safe, but for <see cref="Complete"/>, which records the first outcome.
/// </summary>
internal sealed class MeasuredHandshake
{
    private const string ServerActivity = "Sockeye.Server.Handshake";
    private const string ClientActivity = "Sockeye.Client.Handshake";
    private const int Switched = 101;

    private readonly TimeProvider _time;
    private readonly long _startedAt;
    private int _isComplete;

    private MeasuredHandshake(TimeProvider time)
    {
        _time = time;
        _startedAt = time.GetTimestamp();
    }

    /// <summary>The activity of the handshake; <see langword="null"/> if it is not sampled, or not begun.</summary>
    public Activity? Activity { get; private set; }

    /// <summary>What the activity of the connection is a child of.</summary>
    public ActivityContext Context => Activity?.Context ?? default;

    /// <summary>Begins to measure a handshake; returns <see langword="null"/> if nothing listens.</summary>
    public static MeasuredHandshake? Begin(TimeProvider time) =>
        Instruments.Handshakes.Enabled || Instruments.Activities.HasListeners() ? new MeasuredHandshake(time) : null;

    /// <summary>
    /// Begins the activity of a server, whose parent the client's <c>traceparent</c> names, and makes it the current one.
    /// </summary>
    /// <param name="head">The request, as it was received; it need not be valid.</param>
    /// <param name="isSecure">Whether it came over TLS.</param>
    /// <param name="peer">The address of the client, if it is known.</param>
    /// <param name="parent">
    /// The activity of another HTTP server that has read the request; <see langword="null"/> if there is none. It has taken the
    /// <c>traceparent</c> already.
    /// </param>
    public void StartServer(ReadOnlySpan<byte> head, bool isSecure, EndPoint? peer, Activity? parent = null)
    {
        if (!Instruments.Activities.HasListeners())
        {
            return;
        }

        RequestHead.TryParse(head, HeaderLine.RoomFor(head, []), out RequestHead request);

        // Without a parent of its own an activity would take the current one, of whatever runs on this thread.
        Activity.Current = parent;
        ActivityContext context = parent is null ? ParentIn(request.Headers) : default;
        Activity = Instruments.Activities.StartActivity(ServerActivity, parent is null ? ActivityKind.Server : ActivityKind.Internal, context);
        if (Activity is not { IsAllDataRequested: true } activity)
        {
            return;
        }

        // The conventions name methods that are not known so, since a client can make up any number of them.
        string method = request.Method.SequenceEqual("GET"u8) ? "GET" : "_OTHER";
        activity.DisplayName = method;
        activity.SetTag(TelemetryTags.Method, method);
        activity.SetTag(TelemetryTags.Scheme, isSecure ? "wss" : "ws");
        activity.SetTag(TelemetryTags.Protocol, "websocket");
        if (RequestTarget.TryParse(request.Target, out RequestTarget target))
        {
            // Without the query, which may contain a token. Visible ASCII: anything else does not parse.
            activity.SetTag(TelemetryTags.Path, PeerText.Escape(Encoding.ASCII.GetString(target.Path)));
        }

        if (request.Headers.GetString("Host") is { } host)
        {
            SetServer(activity, PeerText.Escape(host));
        }

        if (peer is IPEndPoint { Address: var address, Port: var port })
        {
            activity.SetTag(TelemetryTags.PeerAddress, address.ToString());
            activity.SetTag(TelemetryTags.PeerPort, port);
        }
    }

    /// <summary>Begins the activity of a client, as a child of the current one, and makes it the current one.</summary>
    /// <param name="address">The address, without user information.</param>
    public void StartClient(Uri address)
    {
        Activity = Instruments.Activities.StartActivity(ClientActivity, ActivityKind.Client);
        if (Activity is { IsAllDataRequested: true } activity)
        {
            activity.DisplayName = "GET";
            activity.SetTag(TelemetryTags.Method, "GET");
            activity.SetTag(TelemetryTags.Scheme, address.Scheme);
            activity.SetTag(TelemetryTags.Protocol, "websocket");
            activity.SetTag(TelemetryTags.ServerAddress, address.Host);
            activity.SetTag(TelemetryTags.ServerPort, address.Port);
            activity.SetTag(TelemetryTags.Path, address.AbsolutePath);
        }
    }

    /// <summary>Notes the route of the request, and the connection that it opened.</summary>
    public void NoteOpened(string? route, long connectionId, string? subprotocol)
    {
        NoteRoute(route);
        Activity?.SetTag(TelemetryTags.ConnectionId, connectionId);
        if (subprotocol is not null)
        {
            Activity?.SetTag(TelemetryTags.Subprotocol, subprotocol);
        }
    }

    /// <summary>Notes the route of the request.</summary>
    public void NoteRoute(string? route)
    {
        if (route is not null && Activity is { } activity)
        {
            activity.DisplayName = $"{activity.DisplayName} {route}";
            activity.SetTag(TelemetryTags.Route, route);
        }
    }

    /// <summary>The handshake has opened a connection.</summary>
    public void Succeed(ConnectionGroup group, int statusCode = Switched) => Complete(group, statusCode, errorType: null, description: null);

    /// <summary>The handshake has failed.</summary>
    /// <param name="group">The group that the connection would belong to.</param>
    /// <param name="statusCode">The HTTP status of the response; <see langword="null"/> if there is none.</param>
    /// <param name="error">Why.</param>
    public void Fail(ConnectionGroup group, int? statusCode, WebSocketHandshakeError error) =>
        Complete(group, statusCode, ErrorTypes.Of(error), error.Describe());

    /// <summary>The handshake of a client has failed.</summary>
    public void Fail(ConnectionGroup group, Exception exception) => Complete(
        group, (exception as WebSocketHandshakeException)?.StatusCode, ErrorTypes.Of(exception), exception.Message);

    /// <summary>Ends the activity of a plain HTTP request, and records nothing.</summary>
    public void Dismiss(int statusCode)
    {
        if (Interlocked.Exchange(ref _isComplete, 1) == 0)
        {
            Activity?.SetTag(TelemetryTags.StatusCode, statusCode);
            Activity?.Stop();
        }
    }

    private static void SetServer(Activity activity, string host)
    {
        int colon = host.LastIndexOf(':');
        bool hasPort = colon > host.LastIndexOf(']') && int.TryParse(host.AsSpan(colon + 1), out int _);
        activity.SetTag(TelemetryTags.ServerAddress, hasPort ? host[..colon] : host);
        if (hasPort)
        {
            activity.SetTag(TelemetryTags.ServerPort, int.Parse(host.AsSpan(colon + 1), System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    private static ActivityContext ParentIn(HeaderFields headers)
    {
        KeyValuePair<string, string>[] pairs = headers.ToPairs();
        DistributedContextPropagator.Current.ExtractTraceIdAndState(
            pairs,
            static (object? carrier, string name, out string? value, out IEnumerable<string>? values) =>
            {
                values = null;
                value = Array.Find(
                    (KeyValuePair<string, string>[])carrier!,
                    pair => string.Equals(pair.Key, name, StringComparison.OrdinalIgnoreCase)).Value;
            },
            out string? traceParent, out string? traceState);
        return ActivityContext.TryParse(traceParent, traceState, isRemote: true, out ActivityContext parent) ? parent : default;
    }

    private void Complete(ConnectionGroup group, int? statusCode, string? errorType, string? description)
    {
        if (Interlocked.Exchange(ref _isComplete, 1) != 0)
        {
            return;
        }

        if (Instruments.Handshakes.Enabled)
        {
            var tags = new TagList(group.Tags);
            if (statusCode is { } code)
            {
                tags.Add(TelemetryTags.StatusCode, code);
            }

            if (errorType is not null)
            {
                tags.Add(TelemetryTags.ErrorType, errorType);
            }

            Instruments.Handshakes.Record(_time.GetElapsedTime(_startedAt).TotalSeconds, tags);
        }

        if (Activity is { } activity)
        {
            End(activity, group, statusCode, errorType, description);
        }
    }

    private static void End(Activity activity, ConnectionGroup group, int? statusCode, string? errorType, string? description)
    {
        foreach ((string name, object? value) in group.Tags)
        {
            // The activity has attributes of its own for the rest.
            if (name is TelemetryTags.Transport or TelemetryTags.Role)
            {
                activity.SetTag(name, value);
            }
        }

        if (statusCode is { } code)
        {
            activity.SetTag(TelemetryTags.StatusCode, code);
        }

        if (errorType is not null)
        {
            activity.SetTag(TelemetryTags.ErrorType, errorType);
            activity.SetStatus(ActivityStatusCode.Error, description);
        }

        activity.Stop();
    }
}
