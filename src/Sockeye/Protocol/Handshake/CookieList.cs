using System.Text;

namespace Sockeye.Protocol;

/// <summary>Parses the cookies in a request, as a server does (RFC 6265 §5.4).</summary>
internal static class CookieList
{
    /// <summary>Parses the cookies of all Cookie lines, in their order; a name may occur more than once.</summary>
    /// <remarks>
    /// Tolerant: anything that is not a pair of a name and a value is skipped and never a reason to reject a request, since any
    /// site of the same domain can set a malformed cookie. Values are returned as sent, without the quotes around them; the
    /// application decides whether they are percent-encoded.
    /// </remarks>
    public static IReadOnlyList<KeyValuePair<string, string>> Parse(HeaderFields headers)
    {
        List<KeyValuePair<string, string>>? cookies = null;
        foreach (ReadOnlySpan<byte> value in headers.ValuesOf("Cookie"u8))
        {
            foreach (Range range in value.Split((byte)';'))
            {
                ReadOnlySpan<byte> pair = HttpCharacters.TrimWhiteSpace(value[range]);
                int equals = pair.IndexOf((byte)'=');
                ReadOnlySpan<byte> name = equals < 0 ? default : HttpCharacters.TrimWhiteSpace(pair[..equals]);
                if (HttpCharacters.IsToken(name))
                {
                    (cookies ??= []).Add(new(
                        Encoding.ASCII.GetString(name),
                        Encoding.Latin1.GetString(Unquote(HttpCharacters.TrimWhiteSpace(pair[(equals + 1)..])))));
                }
            }
        }

        return cookies ?? (IReadOnlyList<KeyValuePair<string, string>>)[];
    }

    // RFC 6265 §4.1.1: cookie-value = *cookie-octet / ( DQUOTE *cookie-octet DQUOTE ).
    private static ReadOnlySpan<byte> Unquote(ReadOnlySpan<byte> value) =>
        value is [(byte)'"', .. var inner, (byte)'"'] ? inner : value;
}
