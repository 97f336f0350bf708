namespace Sockeye.Telemetry;

/// <summary>
/// The attributes of instruments and activities: those of the OpenTelemetry semantic conventions where there is one, and names that begin
/// with <c>sockeye.</c> for the rest. docs/reference/telemetry.md lists where each is used.
/// </summary>
internal static class TelemetryTags
{
    public const string Role = "sockeye.role";
    public const string Transport = "network.transport";
    public const string Scheme = "url.scheme";
    public const string Route = "http.route";
    public const string Direction = "network.io.direction";
    public const string MessageKind = "sockeye.message.kind";
    public const string DropReason = "sockeye.drop.reason";
    public const string CloseCode = "sockeye.close.code";
    public const string CloseInitiator = "sockeye.close.initiator";
    public const string ErrorType = "error.type";
    public const string StatusCode = "http.response.status_code";
    public const string Method = "http.request.method";
    public const string Path = "url.path";
    public const string ServerAddress = "server.address";
    public const string ServerPort = "server.port";
    public const string PeerAddress = "network.peer.address";
    public const string PeerPort = "network.peer.port";
    public const string Protocol = "network.protocol.name";
    public const string ConnectionId = "sockeye.connection.id";
    public const string Subprotocol = "sockeye.subprotocol";
}
