using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sockeye.Transports.Tls.OpenSsl;

/// <summary>
/// What OpenSSL calls during a handshake. As in <see cref="OpenSslBio"/>, the session is that of the call in progress on this thread, and
/// exceptions are kept.
/// </summary>
internal static unsafe class OpenSslCallbacks
{
    // SSL_AD_INTERNAL_ERROR (RFC 8446 §6.2).
    private const int InternalError = 80;

    /// <summary>Acknowledges the host name, so that a session of TLS 1.2 keeps it (RFC 6066 §3).</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int AcknowledgeServerName(nint ssl, nint alert, nint argument) => OpenSslNative.ExtensionOk;

    /// <summary>Selects a protocol: the first of the server that the client offers (RFC 7301 §3.2).</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int SelectProtocol(nint ssl, byte** selected, byte* selectedLength, byte* offered, uint offeredLength, nint argument)
    {
        ReadOnlySpan<byte> own = OpenSslSession.Current!.Rules.ApplicationProtocols;
        if (own.IsEmpty)
        {
            return OpenSslNative.ExtensionIgnored;
        }

        for (; !own.IsEmpty; own = own[(1 + own[0])..])
        {
            for (uint index = 0; index < offeredLength; index += 1u + offered[index])
            {
                byte length = offered[index];
                if (length < offeredLength - index
                    && own.Slice(1, own[0]).SequenceEqual(new ReadOnlySpan<byte>(offered + index + 1, length)))
                {
                    // It may point into the offer, which outlives the call.
                    *selected = offered + index + 1;
                    *selectedLength = length;
                    return OpenSslNative.ExtensionOk;
                }
            }
        }

        // no_application_protocol.
        return OpenSslNative.ExtensionFatal;
    }

    /// <summary>Checks the certificate of a client.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int Verify(nint verification, nint argument)
    {
        OpenSslSession session = OpenSslSession.Current!;
        OpenSslVerdict verdict;
        try
        {
            nint stack = OpenSslNative.UntrustedCertificates(verification);
            int count = Math.Max(0, stack == 0 ? 0 : OpenSslNative.StackCount(stack));
            byte[][] others = new byte[count][];
            for (int i = 0; i < count; i++)
            {
                others[i] = Write(OpenSslNative.StackItem(stack, i));
            }

            verdict = session.Rules.Check(Write(OpenSslNative.VerifiedCertificate(verification)), others);
        }
        catch (Exception exception)
        {
            session.Keep(exception);
            verdict = OpenSslVerdict.Rejected;
        }

        OpenSslNative.VerificationSetError(verification, (int)verdict);
        return verdict == OpenSslVerdict.Accepted ? 1 : 0;
    }

    /// <summary>Notes the client's first message, and suspends the handshake.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int OnHello(nint ssl, int* alert, nint argument)
    {
        OpenSslSession session = OpenSslSession.Current!;
        try
        {
            string name = TlsHelloExtensions.ServerNameIn(Extension(ssl, TlsHelloExtensions.ServerName));
            session.Rules.OnHello(new SslClientHelloInfo(
                name,
                TlsHelloExtensions.VersionsIn(
                    Extension(ssl, TlsHelloExtensions.SupportedVersions), (int)OpenSslNative.HelloVersion(ssl))));
        }
        catch (Exception exception)
        {
            session.Keep(exception);
            *alert = InternalError;
            return 0;
        }

        return OpenSslNative.SuspendHello;
    }

    private static ReadOnlySpan<byte> Extension(nint ssl, ushort type)
    {
        byte* content;
        nuint length;
        return OpenSslNative.HelloExtension(ssl, type, &content, &length) == 1
            ? new ReadOnlySpan<byte>(content, checked((int)length))
            : default;
    }

    private static byte[] Write(nint certificate)
    {
        int length = OpenSslNative.CertificateWrite(certificate, null);
        if (length <= 0)
        {
            throw new InvalidDataException(OpenSslErrors.Take());
        }

        byte[] der = new byte[length];
        fixed (byte* start = der)
        {
            byte* position = start;
            _ = OpenSslNative.CertificateWrite(certificate, &position);
        }

        return der;
    }
}
