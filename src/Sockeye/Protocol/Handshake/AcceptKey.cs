using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace Sockeye.Protocol;

/// <summary>Validates the key of an opening handshake and computes the response to it (RFC 6455 §4.2.2).</summary>
internal static class AcceptKey
{
    /// <summary>The length of a Sec-WebSocket-Key: 16 bytes in base64.</summary>
    public const int KeyLength = 24;

    /// <summary>The length of a Sec-WebSocket-Accept: 20 bytes in base64.</summary>
    public const int Length = 28;

    private const int KeyPaddingLength = 2;

    private static readonly SearchValues<byte> Base64Bytes = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"u8);

    private static ReadOnlySpan<byte> Guid => "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"u8;

    /// <summary>
    /// Whether a key has the form of 16 bytes in base64. The four unused bits of the last digit may have any value: RFC 4648 §3.5
    /// allows a decoder to ignore them, and some clients set them.
    /// </summary>
    public static bool IsKey(ReadOnlySpan<byte> key) =>
        key.Length == KeyLength
        && key[^KeyPaddingLength..].SequenceEqual("=="u8)
        && !key[..^KeyPaddingLength].ContainsAnyExcept(Base64Bytes);

    /// <summary>Computes base64(SHA-1(key + GUID)).</summary>
    /// <param name="key">A key of valid form; see <see cref="IsKey"/>.</param>
    /// <param name="destination">The output buffer: at least <see cref="Length"/> bytes, all of which are written.</param>
    public static void Compute(ReadOnlySpan<byte> key, Span<byte> destination)
    {
        Span<byte> text = stackalloc byte[KeyLength + Guid.Length];
        key.CopyTo(text);
        Guid.CopyTo(text[KeyLength..]);

        Span<byte> digest = stackalloc byte[SHA1.HashSizeInBytes];
        // RFC 6455 §4.2.2 requires SHA-1. It protects no secret; it proves that the server has read the key.
#pragma warning disable CA5350
        SHA1.HashData(text, digest);
#pragma warning restore CA5350
        Base64.EncodeToUtf8(digest, destination, out _, out _);
    }
}
