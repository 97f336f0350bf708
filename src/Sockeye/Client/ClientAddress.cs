using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;

namespace Sockeye.Client;

/// <summary>
/// The address of a server (RFC 6455 §3): a host and port, or the path of a Unix socket or named pipe on this machine.
/// </summary>
internal sealed class ClientAddress
{
    private const string SocketScheme = "ws+unix:";

    // RFC 6874 §2: "%25" stands for the percent sign in front of a zone.
    private const string EncodedPercent = "25";

    // Does not quote the address: in text that cannot be parsed, a password or a token can be anywhere.
    private const string NotAbsolute =
        "The address is not an absolute URI, such as wss://host:port/path. It is not shown, since it may contain secrets.";

    private ClientAddress(Uri uri, Uri shown, string? socketPath, string userInfo, string? zone = null)
    {
        Uri = uri;
        Shown = shown;
        SocketPath = socketPath;
        UserInfo = userInfo;
        Zone = zone;
    }

    /// <summary>
    /// The address for the request: ws or wss, without user information or a fragment. For a socket or pipe, the host is
    /// localhost.
    /// </summary>
    public Uri Uri { get; }

    /// <summary>The address as the application sees it: with the path of the socket, if there is one.</summary>
    public Uri Shown { get; }

    /// <summary>The path of a Unix socket or a pipe; <see langword="null"/> for a host.</summary>
    public string? SocketPath { get; }

    /// <summary>
    /// The user and password, percent-encoded and separated by a colon; empty if the address has neither (RFC 3986 §3.2.1).
    /// </summary>
    public string UserInfo { get; }

    /// <summary>
    /// The network interface, by name or number, through which a link-local IPv6 address is reached (RFC 4007 §11);
    /// <see langword="null"/> if the address has no zone. It is meaningful on this machine only (RFC 9844 §5).
    /// </summary>
    public string? Zone { get; }

    /// <summary>The host to connect to, including the zone if there is one.</summary>
    public string ConnectHost => Zone is null ? Uri.IdnHost : $"{Uri.IdnHost}%{Zone}";

    /// <summary>Whether the connection uses TLS.</summary>
    public bool IsSecure => Uri.Scheme == Uri.UriSchemeWss;

    /// <summary>The same address with the scheme http or https, for APIs that do not support ws and wss.</summary>
    public Uri Http => new UriBuilder(Uri)
    {
        Scheme = IsSecure ? Uri.UriSchemeHttps : Uri.UriSchemeHttp,
        Port = Uri.Port,
    }.Uri;

    /// <summary>Parses an address.</summary>
    /// <exception cref="ArgumentException">The address is not valid for a WebSocket server.</exception>
    public static ClientAddress Parse(string address)
    {
        ArgumentNullException.ThrowIfNull(address);

        // Checked before parsing as a URI: the path of a Windows pipe has backslashes.
        return address.StartsWith(SocketScheme, StringComparison.OrdinalIgnoreCase)
            ? ParseSocket(address)
            : Uri.TryCreate(address, UriKind.Absolute, out Uri? parsed)
                ? Parse(parsed)
                : throw new ArgumentException(NotAbsolute, nameof(address));
    }

    /// <summary>Parses an address.</summary>
    /// <exception cref="ArgumentException">The address is not valid for a WebSocket server.</exception>
    public static ClientAddress Parse(Uri address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (!address.IsAbsoluteUri)
        {
            throw new ArgumentException(NotAbsolute, nameof(address));
        }

        return address.OriginalString.StartsWith(SocketScheme, StringComparison.OrdinalIgnoreCase)
            ? ParseSocket(address.OriginalString)
            : TryParseHost(address, out ClientAddress? parsed, out string? fault)
                ? parsed
                : throw new ArgumentException(fault, nameof(address));
    }

    /// <summary>Resolves the target of a redirect (RFC 9110 §10.2.2).</summary>
    /// <param name="location">The Location header.</param>
    /// <param name="target">
    /// The address, if the result is <see langword="true"/>. A redirect never leads to another socket.
    /// </param>
    public bool TryFollow(string location, [NotNullWhen(true)] out ClientAddress? target)
    {
        target = null;

        // RFC 3986 §2: visible ASCII only. Parsers disagree about other characters.
        if (location.Length == 0
            || location.AsSpan().ContainsAnyExceptInRange('!', '~')
            || !Uri.TryCreate(Http, location, out Uri? resolved)
            || !TryParseHost(resolved, out ClientAddress? parsed, out _)

            // RFC 9844 §5: a zone is local to a machine. A server must not choose an interface of the client.
            || parsed.Zone is not null)
        {
            return false;
        }

        if (Zone is not null && parsed.Uri.IdnHost == Uri.IdnHost)
        {
            // The server does not know the zone; it means its own address.
            parsed = new ClientAddress(parsed.Uri, parsed.Shown, socketPath: null, parsed.UserInfo, Zone);
        }

        // A relative reference names no host, so it stays on the socket.
        bool isRelative = location.StartsWith('/')
            ? !location.StartsWith("//", StringComparison.Ordinal)
            : !Uri.TryCreate(location, UriKind.Absolute, out _);
        target = SocketPath is not null && isRelative ? OnSocket(SocketPath, parsed.Uri.PathAndQuery, shown: null) : parsed;
        return true;
    }

    /// <summary>
    /// Whether an address has the same scheme, host and port (RFC 6454 §4), or the same socket, so that secrets for one may be
    /// sent to the other.
    /// </summary>
    public bool IsSameOrigin(ClientAddress other) =>
        SocketPath == other.SocketPath
        && Zone == other.Zone
        && Uri.Scheme == other.Uri.Scheme
        && Uri.Port == other.Uri.Port
        && Uri.IdnHost.Equals(other.Uri.IdnHost, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a path is that of a Windows named pipe.</summary>
    public static bool IsPipe(string path) => path.StartsWith(@"\\", StringComparison.Ordinal);

    private static bool TryParseHost(
        Uri address, [NotNullWhen(true)] out ClientAddress? parsed, [NotNullWhen(false)] out string? fault)
    {
        parsed = null;
        string? scheme = address.Scheme switch
        {
            "ws" or "http" => Uri.UriSchemeWs,
            "wss" or "https" => Uri.UriSchemeWss,
            _ => null,
        };

        // §3: "Fragment identifiers are meaningless in the context of WebSocket URIs and MUST NOT be used".
        fault =
            scheme is null ? "The scheme of the address is not ws, wss, http, https or ws+unix."
            : address.OriginalString.Contains('#', StringComparison.Ordinal)
                ? "The address has a fragment, which a WebSocket address must not have."
            : address.Host.Length == 0 ? "The address has no host."
            : ZoneOf(address) is { Length: 0 } ? "The zone of the address is empty."
            : address.Port == 0 ? "The address has port 0, on which nothing can listen."
            : null;
        if (fault is not null)
        {
            return false;
        }

        var builder = new UriBuilder(address) { Scheme = scheme, Port = address.Port, UserName = "", Password = "" };
        parsed = new ClientAddress(builder.Uri, builder.Uri, socketPath: null, address.UserInfo, ZoneOf(address));
        return true;
    }

    // [fe80::1%25eth0], as RFC 6874 §2 writes it, or [fe80::1%eth0], which is common (RFC 4007 §11).
    private static string? ZoneOf(Uri address)
    {
        int percent = address.HostNameType == UriHostNameType.IPv6
            ? address.IdnHost.IndexOf('%', StringComparison.Ordinal)
            : -1;
        if (percent < 0)
        {
            return null;
        }

        string zone = address.IdnHost[(percent + 1)..];
        return Uri.UnescapeDataString(
            zone.StartsWith(EncodedPercent, StringComparison.Ordinal) && zone.Length > EncodedPercent.Length
                ? zone[EncodedPercent.Length..]
                : zone);
    }

    // ws+unix:/path/to/socket:/path?query. The first colon ends the path of the socket.
    private static ClientAddress ParseSocket(string address)
    {
        string rest = address[SocketScheme.Length..];
        rest = rest.StartsWith("///", StringComparison.Ordinal) ? rest["//".Length..] : rest;
        int colon = rest.IndexOf(':', StringComparison.Ordinal);
        string path = Uri.UnescapeDataString(colon < 0 ? rest : rest[..colon]);
        string target = colon < 0 || colon == rest.Length - 1 ? "/" : rest[(colon + 1)..];
        string? fault =
            address.Contains('#', StringComparison.Ordinal) ? "The address has a fragment, which a WebSocket address must not have."
            : path.Length == 0 ? "The address does not contain the path of a socket."
            : path.Contains('?', StringComparison.Ordinal) ? "A colon must follow the path of the socket: ws+unix:/socket:/path?query."
            : path.Contains('\0', StringComparison.Ordinal) ? "The path of the socket contains a NUL."
            : !target.StartsWith('/') ? "The part after the path of the socket must begin with a slash."
            : null;
        if (fault is not null)
        {
            throw new ArgumentException(fault, nameof(address));
        }

        if (!IsPipe(path) && !IsSocketPath(path))
        {
            throw new ArgumentException("The path of the socket is too long for this system.", nameof(address));
        }

        Uri.TryCreate(address, UriKind.Absolute, out Uri? shown);
        return OnSocket(path, target, shown);
    }

    private static ClientAddress OnSocket(string path, string target, Uri? shown)
    {
        var uri = new Uri("ws://localhost" + target);
        string escaped = Uri.EscapeDataString(path).Replace("%2F", "/", StringComparison.Ordinal);
        return new ClientAddress(
            uri, shown ?? new Uri($"{SocketScheme}{escaped}:{uri.PathAndQuery}"), path, userInfo: "");
    }

    private static bool IsSocketPath(string path)
    {
        try
        {
            _ = new UnixDomainSocketEndPoint(path);
            return true;
        }
        catch (ArgumentOutOfRangeException)
        {
            // Its message would quote the path.
            return false;
        }
    }
}
