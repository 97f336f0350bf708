using System.Runtime.InteropServices;
using System.Security.Authentication;

namespace Sockeye.Transports.Tls.OpenSsl;

/// <summary>The errors of OpenSSL, which keeps a queue of them for each thread.</summary>
internal static unsafe class OpenSslErrors
{
    // ERR_error_string_n: at least 120 bytes, else the text may be cut off.
    private const int MaxLength = 256;

    // SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, in the lower 23 bits of an error (ERR_GET_REASON).
    private const nuint NoCertificate = 199;
    private const nuint ReasonMask = 0x7F_FFFF;

    /// <summary>Whether the newest error of this thread is that a client has sent no certificate. It stays in the queue.</summary>
    public static bool IsMissingCertificate => (OpenSslNative.ErrorPeekLast() & ReasonMask) == NoCertificate;

    /// <summary>Takes the newest error of this thread, and empties the queue: other users of the library must not find it there.</summary>
    /// <returns>Its text, such as "error:0A0000C1:SSL routines::no shared cipher".</returns>
    public static string Take()
    {
        nuint error = OpenSslNative.ErrorPeekLast();
        OpenSslNative.ErrorClear();
        if (error == 0)
        {
            return "OpenSSL has failed without an error";
        }

        byte* text = stackalloc byte[MaxLength];
        OpenSslNative.ErrorString(error, text, MaxLength);
        return Marshal.PtrToStringUTF8((nint)text) ?? "";
    }

    /// <summary>Throws unless a result is 1.</summary>
    /// <exception cref="AuthenticationException">It is not.</exception>
    public static void ThrowUnlessOne(long result)
    {
        if (result != 1)
        {
            throw new AuthenticationException(Take());
        }
    }
}
