using System.Text;

namespace Sockeye.Tests;

/// <summary>Decides what is valid, independently of the code under test.</summary>
internal static class Oracle
{
    private static readonly UTF8Encoding StrictUtf8 =
        new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static bool IsUtf8(ReadOnlySpan<byte> bytes)
    {
        try
        {
            _ = StrictUtf8.GetCharCount(bytes);
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }

    /// <summary>RFC 6455 §7.4.2, and the codes 1012 to 1014 that IANA registered later.</summary>
    public static bool IsCloseCode(int code) =>
        code is >= 1000 and <= 1003 or >= 1007 and <= 1014 or >= 3000 and <= 4999;

    /// <summary>RFC 6455 §5.5.1: empty, or a code and a reason in UTF-8.</summary>
    public static bool IsClosePayload(ReadOnlySpan<byte> payload) =>
        payload.IsEmpty
        || (payload.Length >= 2 && IsCloseCode((payload[0] << 8) | payload[1]) && IsUtf8(payload[2..]));
}
