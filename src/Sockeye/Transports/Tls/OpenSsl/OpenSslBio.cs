using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sockeye.Transports.Tls.OpenSsl;

/// <summary>
/// What is below an SSL object: reads take the ciphertext of the call that is in progress on this thread, writes pass records on.
/// </summary>
/// <remarks>
/// OpenSSL calls these methods only during a call to it. They find the <see cref="OpenSslSession"/> of that call by the thread, so that
/// native memory holds no reference to a managed object, and no address outlives its call. Exceptions must not pass through native code:
/// they are kept, and thrown after the call.
/// </remarks>
internal static unsafe class OpenSslBio
{
    // One for the process, never freed.
    private static readonly nint Method = CreateMethod();

    /// <summary>Creates a BIO, which the caller owns.</summary>
    /// <exception cref="InsufficientMemoryException">There is no memory.</exception>
    public static nint Create()
    {
        nint bio = OpenSslNative.BioNew(Method);
        if (bio == 0)
        {
            throw new InsufficientMemoryException();
        }

        OpenSslNative.BioSetInit(bio, 1);

        // A read returns nothing only when it must be repeated: the flags never change.
        OpenSslNative.BioSetFlags(bio, OpenSslNative.RetryRead);
        return bio;
    }

    private static nint CreateMethod()
    {
        nint method = OpenSslNative.BioMethodNew(OpenSslNative.BioNewIndex() | OpenSslNative.SourceSink, "Sockeye");
        if (method == 0)
        {
            throw new InsufficientMemoryException();
        }

        _ = OpenSslNative.BioMethodSetRead(method, &Read);
        _ = OpenSslNative.BioMethodSetWrite(method, &Write);
        _ = OpenSslNative.BioMethodSetControl(method, &Control);
        return method;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Read(nint bio, byte* buffer, int length) => OpenSslSession.Current!.TakeInput(new Span<byte>(buffer, length));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Write(nint bio, byte* bytes, int length) => OpenSslSession.Current!.PassOutput(new ReadOnlySpan<byte>(bytes, length));

    // Everything was passed on, so that a flush has nothing to do. Nothing else is supported.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint Control(nint bio, int command, nint number, nint pointer) => command == OpenSslNative.ControlFlush ? 1 : 0;
}
