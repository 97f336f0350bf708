using System.Buffers;
using System.Globalization;
using System.Text;

namespace Sockeye.Protocol;

/// <summary>
/// Writes the lines of a head. Validates nothing: the caller validates everything before the first line is written.
/// </summary>
internal readonly struct HeadWriter
{
    private readonly IBufferWriter<byte> _destination;

    /// <summary>Creates a writer to a buffer.</summary>
    public HeadWriter(IBufferWriter<byte> destination)
    {
        _destination = destination;
    }

    /// <summary>Writes bytes unchanged.</summary>
    public void Write(ReadOnlySpan<byte> bytes) => _destination.Write(bytes);

    /// <summary>Writes text of Latin-1 characters.</summary>
    public void Write(ReadOnlySpan<char> text)
    {
        Span<byte> span = _destination.GetSpan(text.Length);
        Encoding.Latin1.GetBytes(text, span);
        _destination.Advance(text.Length);
    }

    /// <summary>Writes a number in decimal digits.</summary>
    public void Write(int number)
    {
        const int maxDigits = 11;
        Span<byte> span = _destination.GetSpan(maxDigits);
        number.TryFormat(span, out int written, provider: CultureInfo.InvariantCulture);
        _destination.Advance(written);
    }

    /// <summary>Writes a header line.</summary>
    public void WriteHeader(ReadOnlySpan<byte> name, ReadOnlySpan<char> value)
    {
        Write(name);
        Write(": "u8);
        Write(value);
        EndLine();
    }

    /// <summary>Writes header lines.</summary>
    public void WriteHeaders(IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        for (int index = 0; index < headers.Count; index++)
        {
            Write(headers[index].Key);
            Write(": "u8);
            Write(headers[index].Value);
            EndLine();
        }
    }

    /// <summary>Ends a line; after an empty line, ends the head.</summary>
    public void EndLine() => Write("\r\n"u8);
}
