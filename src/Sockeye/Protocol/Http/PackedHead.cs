using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Sockeye.Protocol;

/// <summary>
/// Stores a request's head in about a third of its length, for as long as its connection lives. A list contains the phrases that
/// every opening handshake, or every browser, sends; one byte represents each. Any input is restored exactly.
/// </summary>
/// <remarks>
/// A head consists of lines of visible ASCII, so that the bytes from 0x80 can represent phrases, and some control characters the
/// ends of lines. Where a head contains one of these bytes, it is escaped with another.
/// </remarks>
internal static class PackedHead
{
    // Escapes the byte that follows.
    private const byte Literal = 0x00;

    // Represents the whole line of the key; followed by the 16 bytes of the nonce (RFC 6455 §4.1).
    private const byte KeyLine = 0x01;

    // The ends of a header line and of a request line.
    private const byte LineEnd = (byte)'\n';
    private const byte RequestLineEnd = (byte)'\r';

    // Represents the first phrase of the list; the bytes above it represent the others.
    private const byte FirstPhrase = 0x80;

    private const int NonceLength = 16;

    private static readonly byte[][] Phrases = [.. HeadPhrases.All.Select(Encoding.ASCII.GetBytes)];

    // The indexes of phrases by their first byte, longer phrases first.
    private static readonly byte[][] PhrasesByFirst = [.. Enumerable.Range(0, FirstPhrase).Select(IndexesOf)];

    // The bytes that must be escaped.
    private static readonly SearchValues<byte> Escaped = SearchValues.Create(
        [Literal, KeyLine, LineEnd, RequestLineEnd, .. Enumerable.Range(FirstPhrase, 0x80).Select(value => (byte)value)]);

    private static ReadOnlySpan<byte> Crlf => "\r\n"u8;

    private static ReadOnlySpan<byte> RequestLineTail => " HTTP/1.1\r\n"u8;

    private static ReadOnlySpan<byte> KeyName => "Sec-WebSocket-Key: "u8;

    /// <summary>Returns the maximum length of a packed head, in bytes.</summary>
    public static int MaxLength(int headLength) => 2 * headLength;

    /// <summary>Packs a head.</summary>
    /// <param name="head">The head, or any other bytes.</param>
    /// <param name="destination">At least <see cref="MaxLength"/> bytes.</param>
    /// <returns>The number of bytes written.</returns>
    public static int Pack(ReadOnlySpan<byte> head, Span<byte> destination)
    {
        int written = 0;
        while (!head.IsEmpty)
        {
            int end = head.IndexOf(Crlf);
            ReadOnlySpan<byte> line = end < 0 ? head : head[..(end + Crlf.Length)];
            written += PackLine(line, destination[written..]);
            head = head[line.Length..];
        }

        return written;
    }

    /// <summary>Unpacks the output of <see cref="Pack"/> into a new array.</summary>
    public static byte[] Unpack(ReadOnlySpan<byte> packed)
    {
        byte[] head = new byte[UnpackedLength(packed)];
        Unpack(packed, head);
        return head;
    }

    /// <summary>Returns the length of a head in bytes, unpacked.</summary>
    public static int UnpackedLength(ReadOnlySpan<byte> packed) => Unpack(packed, head: []);

    /// <summary>Unpacks the output of <see cref="Pack"/>.</summary>
    /// <param name="packed">The packed head.</param>
    /// <param name="head">At least <see cref="UnpackedLength"/> bytes; empty to measure only.</param>
    /// <returns>The length of the head in bytes.</returns>
    public static int Unpack(ReadOnlySpan<byte> packed, Span<byte> head)
    {
        Span<byte> key = stackalloc byte[AcceptKey.KeyLength];
        int length = 0;
        while (!packed.IsEmpty)
        {
            byte value = packed[0];
            int taken = 1;
            switch (value)
            {
                case >= FirstPhrase:
                    Put(Phrases[value - FirstPhrase], head, ref length);
                    break;

                case LineEnd:
                    Put(Crlf, head, ref length);
                    break;

                case RequestLineEnd:
                    Put(RequestLineTail, head, ref length);
                    break;

                case KeyLine:
                    Put(KeyName, head, ref length);
                    Base64.EncodeToUtf8(packed.Slice(1, NonceLength), key, out _, out _);
                    Put(key, head, ref length);
                    Put(Crlf, head, ref length);
                    taken = 1 + NonceLength;
                    break;

                case Literal:
                    Put(packed.Slice(1, 1), head, ref length);
                    taken = 2;
                    break;

                default:
                    taken = packed.IndexOfAny(Escaped);
                    taken = taken < 0 ? packed.Length : taken;
                    Put(packed[..taken], head, ref length);
                    break;
            }

            packed = packed[taken..];
        }

        return length;
    }

    private static int PackLine(ReadOnlySpan<byte> line, Span<byte> destination)
    {
        if (TryPackKey(line, destination))
        {
            return 1 + NonceLength;
        }

        int written = 0;
        if (TryFindPhrase(line, out int index))
        {
            destination[written++] = (byte)(FirstPhrase + index);
            line = line[Phrases[index].Length..];
        }

        byte end = line.EndsWith(RequestLineTail) ? RequestLineEnd : LineEnd;
        int endLength = end == RequestLineEnd ? RequestLineTail.Length : line.EndsWith(Crlf) ? Crlf.Length : 0;
        written += PackText(line[..^endLength], destination[written..]);
        if (endLength != 0)
        {
            destination[written++] = end;
        }

        return written;
    }

    private static int PackText(ReadOnlySpan<byte> text, Span<byte> destination)
    {
        if (!text.ContainsAny(Escaped))
        {
            text.CopyTo(destination);
            return text.Length;
        }

        int written = 0;
        foreach (byte value in text)
        {
            if (Escaped.Contains(value))
            {
                destination[written++] = Literal;
            }

            destination[written++] = value;
        }

        return written;
    }

    // Base64 is not unique: a key is packed only if decoding and encoding restore it exactly.
    private static bool TryPackKey(ReadOnlySpan<byte> line, Span<byte> destination)
    {
        if (line.Length != KeyName.Length + AcceptKey.KeyLength + Crlf.Length || !line.StartsWith(KeyName))
        {
            return false;
        }

        ReadOnlySpan<byte> key = line.Slice(KeyName.Length, AcceptKey.KeyLength);
        Span<byte> nonce = destination[1..];
        Span<byte> encoded = stackalloc byte[AcceptKey.KeyLength];
        if (Base64.DecodeFromUtf8(key, nonce, out _, out int length) != OperationStatus.Done || length != NonceLength)
        {
            return false;
        }

        destination[0] = KeyLine;
        Base64.EncodeToUtf8(nonce[..NonceLength], encoded, out _, out _);
        return encoded.SequenceEqual(key) && line.EndsWith(Crlf);
    }

    private static bool TryFindPhrase(ReadOnlySpan<byte> line, out int index)
    {
        index = 0;
        if (line[0] >= FirstPhrase)
        {
            return false;
        }

        foreach (byte candidate in PhrasesByFirst[line[0]])
        {
            if (line.StartsWith(Phrases[candidate]))
            {
                index = candidate;
                return true;
            }
        }

        return false;
    }

    // Returns the length of the head, and writes it if there is a destination.
    private static void Put(ReadOnlySpan<byte> bytes, Span<byte> head, ref int length)
    {
        if (!head.IsEmpty)
        {
            bytes.CopyTo(head[length..]);
        }

        length += bytes.Length;
    }

    private static byte[] IndexesOf(int first) =>
    [
        .. Enumerable.Range(0, Phrases.Length)
            .Where(index => Phrases[index][0] == first)
            .OrderByDescending(index => Phrases[index].Length)
            .Select(index => (byte)index),
    ];
}
