using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Sockeye.Hosting.Configuration;

/// <summary>The form that an address to listen on has in a configuration.</summary>
internal static class EndPointText
{
    private const string UnixPrefix = "unix:";

    /// <summary>
    /// Reads <c>127.0.0.1:8080</c>, <c>[::1]:8080</c>, <c>localhost:8080</c> (127.0.0.1), <c>*:8080</c> (all addresses) or
    /// <c>unix:/run/chat.sock</c>. The port is never optional.
    /// </summary>
    /// <exception cref="FormatException">The text has another form.</exception>
    public static EndPoint Parse(string text)
    {
        if (text.StartsWith(UnixPrefix, StringComparison.OrdinalIgnoreCase))
        {
            return ParsePath(text[UnixPrefix.Length..]);
        }

        // Not IPEndPoint.Parse alone: it reads "8080" as the address 0.0.31.144, and an address without a port as port 0.
        int colon = text.LastIndexOf(':');
        string host = colon < 0 ? "" : text[..colon];
        if (colon < 0
            || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)
            || AddressOf(host) is not { } address)
        {
            throw new FormatException(
                "Must be an address with a port, such as 127.0.0.1:8080, [::1]:8080, localhost:8080 or *:8080, or unix: with a path.");
        }

        return new IPEndPoint(address, port);
    }

    private static IPAddress? AddressOf(string host) =>
        host == "*" ? IPAddress.IPv6Any
        : host.Equals("localhost", StringComparison.OrdinalIgnoreCase) ? IPAddress.Loopback
        : host is ['[', .. var inner, ']'] && IPAddress.TryParse(inner, out IPAddress? six)
            && six.AddressFamily == AddressFamily.InterNetworkV6 ? six
        : IPAddress.TryParse(host, out IPAddress? four) && four.AddressFamily == AddressFamily.InterNetwork ? four
        : null;

    private static UnixDomainSocketEndPoint ParsePath(string path)
    {
        try
        {
            return new UnixDomainSocketEndPoint(path);
        }
        catch (ArgumentException exception)
        {
            throw new FormatException("The path of a Unix socket must not be empty, nor longer than the system allows.", exception);
        }
    }
}
