using System.Buffers;
using System.Text;

namespace Sockeye.Connections.Sending;

/// <summary>A text as UTF-8, in a span of the caller's or, if that could be too short, in a rented array.</summary>
internal readonly ref struct EncodedText
{
    private readonly ArrayPool<byte> _pool;
    private readonly byte[]? _rented;

    /// <summary>Encodes a text. A lone surrogate becomes U+FFFD.</summary>
    public EncodedText(string text, Span<byte> buffer, ArrayPool<byte> pool)
    {
        int maxLength = Encoding.UTF8.GetMaxByteCount(text.Length);
        _pool = pool;
        _rented = maxLength > buffer.Length ? pool.Rent(maxLength) : null;
        Span<byte> utf8 = _rented ?? buffer;
        Bytes = utf8[..Encoding.UTF8.GetBytes(text, utf8)];
    }

    /// <summary>The text. Valid until this is disposed.</summary>
    public ReadOnlySpan<byte> Bytes { get; }

    /// <summary>Returns the rented array.</summary>
    public void Dispose()
    {
        if (_rented is not null)
        {
            _pool.Return(_rented);
        }
    }
}
