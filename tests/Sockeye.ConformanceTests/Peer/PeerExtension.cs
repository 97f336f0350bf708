using System.Globalization;

namespace Sockeye.Tests;

/// <summary>permessage-deflate as the peer reads it in the server's answer, from the text of RFC 7692 §7.1 alone.</summary>
/// <param name="ServerForgets">server_no_context_takeover.</param>
/// <param name="ClientForgets">client_no_context_takeover.</param>
/// <param name="ServerWindowBits">server_max_window_bits, or 15.</param>
/// <param name="ClientWindowBits">client_max_window_bits, or 15.</param>
internal sealed record PeerExtension(bool ServerForgets, bool ClientForgets, int ServerWindowBits, int ClientWindowBits)
{
    private const int LargestWindowBits = 15;

    /// <summary>Reads an answer, or one of several offers.</summary>
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

    /// <summary>Compresses what the peer says.</summary>
    public PeerDeflater CreateDeflater(bool peerIsClient) => peerIsClient
        ? new PeerDeflater(ClientWindowBits, ClientForgets)
        : new PeerDeflater(ServerWindowBits, ServerForgets);

    /// <summary>Inflates what the endpoint says.</summary>
    public PeerInflater CreateInflater(bool peerIsClient) => new(peerIsClient ? ServerForgets : ClientForgets);
}
