using System.Globalization;

namespace Sockeye.Tests;

/// <summary>
/// permessage-deflate as the peer parses it in the server's response, written from the text of RFC 7692 §7.1 only.
/// </summary>
/// <param name="ServerForgets">The parameter server_no_context_takeover.</param>
/// <param name="ClientForgets">The parameter client_no_context_takeover.</param>
/// <param name="ServerWindowBits">The parameter server_max_window_bits, or 15.</param>
/// <param name="ClientWindowBits">The parameter client_max_window_bits, or 15.</param>
internal sealed record PeerExtension(bool ServerForgets, bool ClientForgets, int ServerWindowBits, int ClientWindowBits)
{
    private const int LargestWindowBits = 15;

    /// <summary>Parses a response, or one of several offers.</summary>
    public static PeerExtension Parse(string text)
    {
        string[] parts = text.Split(';', StringSplitOptions.TrimEntries);
        Assert.Equal("permessage-deflate", parts[0]);
        var parameters = parts[1..].Select(part => part.Split('=')).ToDictionary(part => part[0], part => part.ElementAtOrDefault(1));
        return new PeerExtension(
            parameters.ContainsKey("server_no_context_takeover"),
            parameters.ContainsKey("client_no_context_takeover"),
            WindowBits("server_max_window_bits"),
            WindowBits("client_max_window_bits"));

        int WindowBits(string name) => parameters.GetValueOrDefault(name) is { } value
            ? int.Parse(value, CultureInfo.InvariantCulture)
            : LargestWindowBits;
    }

    /// <summary>Creates the codec that compresses the peer's messages.</summary>
    public PeerDeflater CreateDeflater(bool peerIsClient) => peerIsClient
        ? new PeerDeflater(ClientWindowBits, ClientForgets)
        : new PeerDeflater(ServerWindowBits, ServerForgets);

    /// <summary>Creates the codec that inflates the endpoint's messages.</summary>
    public PeerInflater CreateInflater(bool peerIsClient) => new(peerIsClient ? ServerForgets : ClientForgets);
}
