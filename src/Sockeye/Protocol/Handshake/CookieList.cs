using System.Text;

namespace Sockeye.Protocol;

/// <summary>The cookies in a request, as a server reads them (RFC 6265 §5.4).</summary>
internal static class CookieList
{
    /// <summary>Reads the cookies of every Cookie line, in their order; a name may be there more than once.</summary>
    /// <remarks>
    /// Tolerant: what is no pair of a name and a value is left out, and never a reason to refuse a connection, since any
    /// site of the same domain can set a cookie that another chokes on. Values are as they were sent, without quotes
    /// around them: whether a percent sign in one means anything is between the application and itself.
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
