using System.Globalization;
using System.Text;
using Sockeye.Protocol;

namespace Sockeye.AspNetCore.DropIn;

/// <summary>Negotiates permessage-deflate as ASP.NET Core does, down to the order of the parameters in the response (RFC 7692 §5.1, §7.1).</summary>
/// <param name="disableServerContextTakeover">Whether the server never refers to earlier messages.</param>
/// <param name="serverMaxWindowBits">The largest window of the server, 9 to 15.</param>
internal ref struct DeflateOffer(bool disableServerContextTakeover, int serverMaxWindowBits)
{
    // zlib cannot compress with a window of 256 bytes, and the platform's reading end does not accept it either.
    private const int MinWindowBits = 9;

    private readonly int _serverMaxWindowBits = serverMaxWindowBits;
    private bool _hasClientNoContext;
    private bool _hasServerNoContext;
    private bool _hasClientBits;
    private bool _hasServerBits;
    private bool _serverNoContext = disableServerContextTakeover;
    private int _clientBits = PerMessageDeflateParameters.MaxWindowBits;
    private int _serverBits = serverMaxWindowBits;

    /// <summary>Accepts the first offer that can be accepted.</summary>
    /// <param name="offers">The offers of all extensions, in the client's order of preference.</param>
    /// <param name="disableServerContextTakeover">Whether the server never refers to earlier messages.</param>
    /// <param name="serverMaxWindowBits">The largest window of the server.</param>
    /// <param name="response">The extension for the response; <see langword="null"/> for none.</param>
    /// <returns>What was agreed on; <see langword="null"/> for no compression.</returns>
    public static PerMessageDeflateParameters? Accept(
        IEnumerable<string> offers, bool disableServerContextTakeover, int serverMaxWindowBits, out string? response)
    {
        foreach (string offer in offers)
        {
            var attempt = new DeflateOffer(disableServerContextTakeover, serverMaxWindowBits);
            if (attempt.TryRead(offer, out string? accepted))
            {
                response = accepted;
                return new PerMessageDeflateParameters(
                    attempt._serverNoContext, attempt._hasClientNoContext, attempt._serverBits,
                    attempt._hasClientBits ? attempt._clientBits : null);
            }
        }

        response = null;
        return null;
    }

    private bool TryRead(ReadOnlySpan<char> offer, out string? response)
    {
        response = null;
        var clientPart = new StringBuilder();
        bool isFirst = true;
        foreach (Range range in offer.Split(';'))
        {
            ReadOnlySpan<char> parameter = offer[range].Trim();
            if (isFirst)
            {
                isFirst = false;
                if (!parameter.SequenceEqual(PerMessageDeflateParameters.ExtensionName))
                {
                    return false;
                }
            }
            else if (!TryReadParameter(parameter, clientPart))
            {
                return false;
            }
        }

        StringBuilder text = new StringBuilder(PerMessageDeflateParameters.ExtensionName).Append(clientPart);
        if (_serverNoContext)
        {
            text.Append("; server_no_context_takeover");
        }

        if (_hasServerBits || _serverBits != PerMessageDeflateParameters.MaxWindowBits)
        {
            text.Append(CultureInfo.InvariantCulture, $"; server_max_window_bits={_serverBits}");
        }

        response = text.ToString();
        return true;
    }

    // RFC 7692 §7.1: an offer with a parameter that is not defined, or that occurs twice, is declined.
    private bool TryReadParameter(ReadOnlySpan<char> parameter, StringBuilder clientPart)
    {
        int separator = parameter.IndexOf('=');
        ReadOnlySpan<char> name = (separator < 0 ? parameter : parameter[..separator]).TrimEnd();
        ReadOnlySpan<char> value = separator < 0 ? [] : parameter[(separator + 1)..].TrimStart();
        bool hasValue = separator >= 0;
        switch (name)
        {
            case "client_no_context_takeover":
                clientPart.Append("; client_no_context_takeover");
                return !hasValue && TryNote(ref _hasClientNoContext);

            case "server_no_context_takeover":
                _serverNoContext = true;
                return !hasValue && TryNote(ref _hasServerNoContext);

            case "client_max_window_bits":
                if (!TryNote(ref _hasClientBits) || !TryReadBits(value, hasValue, out _clientBits))
                {
                    return false;
                }

                clientPart.Append(CultureInfo.InvariantCulture, $"; client_max_window_bits={_clientBits}");
                return true;

            case "server_max_window_bits":
                if (!TryNote(ref _hasServerBits) || !TryReadBits(value, hasValue, out int offered))
                {
                    return false;
                }

                _serverBits = Math.Min(offered, _serverMaxWindowBits);
                return true;

            default:
                return false;
        }
    }

    private static bool TryNote(ref bool isThere)
    {
        bool isRepeated = isThere;
        isThere = true;
        return !isRepeated;
    }

    private static bool TryReadBits(ReadOnlySpan<char> value, bool hasValue, out int bits)
    {
        bits = PerMessageDeflateParameters.MaxWindowBits;
        if (!hasValue)
        {
            return true;
        }

        if (value is ['"', .. var quoted, '"'])
        {
            value = quoted;
        }

        return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out bits)
            && bits is >= MinWindowBits and <= PerMessageDeflateParameters.MaxWindowBits;
    }
}
