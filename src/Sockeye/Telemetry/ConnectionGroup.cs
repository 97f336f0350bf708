using System.Collections.Concurrent;
using Sockeye.Protocol;
using Sockeye.Transports;

namespace Sockeye.Telemetry;

/// <summary>
/// The connections that have the same attributes in all metrics: role, scheme, kind of transport, and route. Counts what happens on them.
/// Thread-safe.
/// </summary>
/// <remarks>
/// Groups exist once per process and are never removed. An application has few of them, since a peer can influence none of the attributes.
/// </remarks>
internal sealed class ConnectionGroup
{
    private static readonly ConcurrentDictionary<(Role, bool, NetworkTransport, string?), ConnectionGroup> Groups = new();

    private readonly ThreadedCounters _counters = new();
    private readonly KeyValuePair<string, object?>[] _tags;
    private long _openCount;

    private ConnectionGroup((Role Role, bool IsSecure, NetworkTransport Transport, string? Route) key)
    {
        List<KeyValuePair<string, object?>> tags =
        [
            new(TelemetryTags.Role, key.Role == Role.Server ? "server" : "client"),
            new(TelemetryTags.Scheme, key.IsSecure ? "wss" : "ws"),
        ];
        if (NameOf(key.Transport) is { } transport)
        {
            tags.Add(new(TelemetryTags.Transport, transport));
        }

        if (key.Route is not null)
        {
            tags.Add(new(TelemetryTags.Route, key.Route));
        }

        _tags = [.. tags];
    }

    /// <summary>The group of connections that are in no metrics.</summary>
    public static ConnectionGroup Hidden { get; } = new(default);

    /// <summary>All groups that are in the metrics.</summary>
    public static ICollection<ConnectionGroup> All => Groups.Values;

    /// <summary>The attributes that all measurements of the group have.</summary>
    public ReadOnlySpan<KeyValuePair<string, object?>> Tags => _tags;

    /// <summary>Whether the connections are in no metrics.</summary>
    public bool IsHidden => this == Hidden;

    /// <summary>The number of open connections. Always counted, so that it is right whenever a listener begins.</summary>
    public long OpenCount => Interlocked.Read(ref _openCount);

    /// <summary>Returns the group with these attributes.</summary>
    public static ConnectionGroup Of(Role role, bool isSecure, NetworkTransport transport, string? route) =>
        Groups.GetOrAdd((role, isSecure, transport, route), static key => new ConnectionGroup(key));

    /// <summary>The value of <c>network.transport</c>; <see langword="null"/> for an unknown transport, which has no such attribute.</summary>
    public static string? NameOf(NetworkTransport transport) => transport switch
    {
        NetworkTransport.Tcp => "tcp",
        NetworkTransport.Unix => "unix",
        NetworkTransport.Pipe => "pipe",
        _ => null,
    };

    /// <summary>Notes that a connection was opened.</summary>
    public void NoteOpened() => Interlocked.Increment(ref _openCount);

    /// <summary>Notes that the transport of a connection is closed.</summary>
    public void NoteClosed() => Interlocked.Decrement(ref _openCount);

    /// <summary>Adds to a counter. The caller has checked that an instrument is enabled that shows it.</summary>
    public void Add(Measure measure, long value) => _counters.Add(measure, value);

    /// <summary>Counts a received piece of a message, and the message if it ends with it.</summary>
    public void AddReceived(WebSocketMessageKind kind, int length, bool endsMessage)
    {
        bool isText = kind == WebSocketMessageKind.Text;
        _counters.Add(
            isText ? Measure.ReceivedTextMessages : Measure.ReceivedBinaryMessages, endsMessage ? 1 : 0,
            isText ? Measure.ReceivedTextLength : Measure.ReceivedBinaryLength, length);
    }

    /// <summary>Counts a sent piece of a message, and the message if it ends with it.</summary>
    public void AddSent(bool isText, long length, bool endsMessage) => _counters.Add(
        isText ? Measure.SentTextMessages : Measure.SentBinaryMessages, endsMessage ? 1 : 0,
        isText ? Measure.SentTextLength : Measure.SentBinaryLength, length);

    /// <summary>Returns the value of a counter.</summary>
    public long Read(Measure measure) => _counters.Read(measure);
}
