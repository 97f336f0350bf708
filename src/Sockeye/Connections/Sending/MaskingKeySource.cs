using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Sockeye.Connections.Sending;

/// <summary>Generates unpredictable masking keys, a fresh one for each frame (RFC 6455 §5.3, §10.3).</summary>
/// <remarks>
/// Draws 1,024 keys at a time from the system's cryptographic source, because a call to it costs more than a small frame.
/// Each thread has its own store, so taking a key needs no lock.
/// </remarks>
internal static class MaskingKeySource
{
    private const int StoreCount = 1_024;

    [ThreadStatic]
    private static uint[]? Store;

    [ThreadStatic]
    private static int Left;

    /// <summary>Returns a key that was not used before.</summary>
    public static uint Next()
    {
        uint[] store = Store ??= new uint[StoreCount];
        if (Left == 0)
        {
            RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(store.AsSpan()));
            Left = StoreCount;
        }

        return store[--Left];
    }
}
