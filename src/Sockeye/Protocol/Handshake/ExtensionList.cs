using System.Text;

namespace Sockeye.Protocol;

/// <summary>Parses and formats Sec-WebSocket-Extensions (RFC 6455 §9.1). The caller decides which names it supports.</summary>
internal static class ExtensionList
{
    /// <summary>The name of the header, Sec-WebSocket-Extensions.</summary>
    public static ReadOnlySpan<byte> HeaderName => "Sec-WebSocket-Extensions"u8;

    /// <summary>Whether every line of the header follows the grammar. Allocates nothing.</summary>
    public static bool IsValid(HeaderFields headers)
    {
        bool isPresent = false;
        bool isEmpty = true;
        foreach (ReadOnlySpan<byte> value in headers.ValuesOf(HeaderName))
        {
            var scanner = new ExtensionScanner(value);
            while (scanner.MoveNext())
            {
            }

            if (!scanner.IsValid)
            {
                return false;
            }

            isPresent = true;
            isEmpty &= scanner.IsEmpty;
        }

        // RFC 9110 §5.6.1.2: a list with only empty elements is invalid, as "at least one non-empty element is required".
        return !isPresent || !isEmpty;
    }

    /// <summary>Parses the list that all lines of the header form together (RFC 6455 §11.3.2).</summary>
    /// <param name="headers">The header lines.</param>
    /// <param name="extensions">
    /// The extensions in their order; an extension that occurs several times is several offers. Empty if there is no header.
    /// </param>
    /// <returns>Whether every line follows the grammar.</returns>
    public static bool TryParse(HeaderFields headers, out IReadOnlyList<Extension> extensions)
    {
        extensions = [];
        bool isPresent = false;
        List<Extension> found = [];
        foreach (ReadOnlySpan<byte> value in headers.ValuesOf(HeaderName))
        {
            isPresent = true;
            if (!TryParse(value, found))
            {
                return false;
            }
        }

        // RFC 9110 §5.6.1.2, as above.
        extensions = found;
        return !isPresent || found.Count > 0;
    }

    /// <summary>Formats extensions as a header value, without quotes, since every value is a token.</summary>
    public static string Format(IReadOnlyList<Extension> extensions)
    {
        var text = new StringBuilder();
        foreach (Extension extension in extensions)
        {
            text.Append(text.Length == 0 ? "" : ", ").Append(extension.Name);
            foreach (ExtensionParameter parameter in extension.Parameters)
            {
                text.Append("; ").Append(parameter.Name);
                if (parameter.Value is not null)
                {
                    text.Append('=').Append(parameter.Value);
                }
            }
        }

        return text.ToString();
    }

    /// <summary>Formats permessage-deflate, if present, and other extensions as a header value.</summary>
    public static string Format(PerMessageDeflateParameters? deflate, IReadOnlyList<Extension> extensions) =>
        deflate is null ? Format(extensions)
        : extensions.Count == 0 ? deflate.ToString()!
        : $"{deflate}, {Format(extensions)}";

    /// <summary>Whether extensions can be formatted: all of their parts are tokens.</summary>
    public static bool IsValid(IReadOnlyList<Extension> extensions) => extensions.All(extension =>
        HttpCharacters.IsToken(extension.Name)
        && extension.Parameters.All(parameter =>
            HttpCharacters.IsToken(parameter.Name)
            && (parameter.Value is null || HttpCharacters.IsToken(parameter.Value))));

    private static bool TryParse(ReadOnlySpan<byte> value, List<Extension> found)
    {
        List<ExtensionParameter> parameters = [];
        var scanner = new ExtensionScanner(value);
        while (scanner.MoveNext())
        {
            if (scanner.IsExtension)
            {
                parameters = [];
                found.Add(new Extension(Encoding.ASCII.GetString(scanner.Name), parameters));
            }
            else
            {
                string? text = scanner.HasValue ? Unescape(scanner.Value) : null;
                parameters.Add(new ExtensionParameter(Encoding.ASCII.GetString(scanner.Name), text));
            }
        }

        return scanner.IsValid;
    }

    private static string Unescape(ReadOnlySpan<byte> value)
    {
        byte[] unescaped = new byte[value.Length];
        int length = ExtensionScanner.Unescape(value, unescaped);
        return Encoding.ASCII.GetString(unescaped, 0, length);
    }
}
