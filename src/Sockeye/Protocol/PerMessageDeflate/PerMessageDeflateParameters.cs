using System.Text;

namespace Sockeye.Protocol;

/// <summary>
/// The parameters of permessage-deflate (RFC 7692 §7.1) in an offer or a response. Those of the response are the negotiated ones.
/// </summary>
/// <param name="ServerNoContextTakeover">Whether the server begins each message with an empty window (RFC 7692 §7.1.1.1).</param>
/// <param name="ClientNoContextTakeover">Whether the client begins each message with an empty window (RFC 7692 §7.1.1.2).</param>
/// <param name="ServerMaxWindowBits">
/// The base-2 logarithm of the server's window, 8 to 15 (RFC 7692 §7.1.2.1); <see langword="null"/> if the parameter is absent.
/// </param>
/// <param name="ClientMaxWindowBits">
/// The base-2 logarithm of the client's window, 8 to 15 (RFC 7692 §7.1.2.2); <see langword="null"/> if the parameter is absent;
/// <see cref="WithoutValue"/> in an offer that leaves the value to the server.
/// </param>
internal readonly record struct PerMessageDeflateParameters(
    bool ServerNoContextTakeover, bool ClientNoContextTakeover, int? ServerMaxWindowBits, int? ClientMaxWindowBits)
{
    /// <summary>The name of the extension (RFC 7692 §9).</summary>
    public const string ExtensionName = "permessage-deflate";

    /// <summary>The smallest window that may be negotiated: 256 bytes.</summary>
    public const int MinWindowBits = 8;

    /// <summary>The largest window, 32 KiB, which is also the default (RFC 7692 §7.1.2).</summary>
    public const int MaxWindowBits = 15;

    /// <summary>Represents client_max_window_bits without a value, which lets the server choose.</summary>
    public const int WithoutValue = 0;

    private const string ServerNoContextTakeoverName = "server_no_context_takeover";
    private const string ClientNoContextTakeoverName = "client_no_context_takeover";
    private const string ServerMaxWindowBitsName = "server_max_window_bits";
    private const string ClientMaxWindowBitsName = "client_max_window_bits";

    // The length of "10" in quotes, each digit escaped with a backslash.
    private const int MaxValueLength = 4;

    /// <summary>Returns the window that the messages of an end may refer to: 8 to 15.</summary>
    public int WindowBitsOf(Role sender) =>
        (sender == Role.Server ? ServerMaxWindowBits : ClientMaxWindowBits) ?? MaxWindowBits;

    /// <summary>Whether the messages of an end may refer to the messages before them.</summary>
    public bool HasContextTakeover(Role sender) =>
        !(sender == Role.Server ? ServerNoContextTakeover : ClientNoContextTakeover);

    /// <summary>Adds the scanner's current parameter.</summary>
    /// <param name="scanner">A scanner that is positioned at a parameter of this extension.</param>
    /// <param name="parameters">The parameters before it; receives the new one.</param>
    /// <returns>
    /// Whether it is a parameter that RFC 7692 §7.1 defines, with an allowed value, and not repeated. If not, an offer is
    /// declined, and a response fails the connection (RFC 7692 §5.1, §7).
    /// </returns>
    public static bool TryAdd(in ExtensionScanner scanner, ref PerMessageDeflateParameters parameters)
    {
        // Names are compared exactly, as are all extension names unless specified otherwise (RFC 6455 §9.1).
        ReadOnlySpan<byte> name = scanner.Name;
        bool isRepeated;
        if (Ascii.Equals(name, ServerNoContextTakeoverName))
        {
            isRepeated = parameters.ServerNoContextTakeover;
            parameters = parameters with { ServerNoContextTakeover = true };
            return !isRepeated && !scanner.HasValue;
        }

        if (Ascii.Equals(name, ClientNoContextTakeoverName))
        {
            isRepeated = parameters.ClientNoContextTakeover;
            parameters = parameters with { ClientNoContextTakeover = true };
            return !isRepeated && !scanner.HasValue;
        }

        bool isValid = TryReadWindowBits(scanner, out int windowBits);
        if (Ascii.Equals(name, ServerMaxWindowBitsName))
        {
            isRepeated = parameters.ServerMaxWindowBits is not null;
            parameters = parameters with { ServerMaxWindowBits = windowBits };
            return !isRepeated && isValid && windowBits != WithoutValue;
        }

        if (Ascii.Equals(name, ClientMaxWindowBitsName))
        {
            isRepeated = parameters.ClientMaxWindowBits is not null;
            parameters = parameters with { ClientMaxWindowBits = windowBits };
            return !isRepeated && isValid;
        }

        return false;
    }

    /// <summary>Returns the extension in header syntax, without the parameters that are not needed.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(ExtensionName);
        if (ServerNoContextTakeover)
        {
            text.Append("; ").Append(ServerNoContextTakeoverName);
        }

        if (ClientNoContextTakeover)
        {
            text.Append("; ").Append(ClientNoContextTakeoverName);
        }

        Append(text, ServerMaxWindowBitsName, ServerMaxWindowBits);
        Append(text, ClientMaxWindowBitsName, ClientMaxWindowBits);
        return text.ToString();
    }

    private static void Append(StringBuilder text, string name, int? windowBits)
    {
        if (windowBits is null)
        {
            return;
        }

        text.Append("; ").Append(name);
        if (windowBits != WithoutValue)
        {
            text.Append('=').Append(windowBits.Value);
        }
    }

    // RFC 7692 §7.1.2.1: "a decimal integer value without leading zeroes between 8 to 15, inclusive".
    private static bool TryReadWindowBits(in ExtensionScanner scanner, out int windowBits)
    {
        windowBits = WithoutValue;
        if (!scanner.HasValue)
        {
            return true;
        }

        if (scanner.Value.Length > MaxValueLength)
        {
            return false;
        }

        Span<byte> digits = stackalloc byte[MaxValueLength];
        digits = digits[..ExtensionScanner.Unescape(scanner.Value, digits)];
        windowBits = digits switch
        {
            [(byte)'8'] => MinWindowBits,
            [(byte)'9'] => 9,
            [(byte)'1', >= (byte)'0' and <= (byte)'5'] => 10 + digits[1] - '0',
            _ => WithoutValue,
        };
        return windowBits != WithoutValue;
    }
}
