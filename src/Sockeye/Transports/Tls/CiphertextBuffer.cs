namespace Sockeye.Transports.Tls;

/// <summary>
/// Gathers the records of one call, so that they leave in one system call. Each thread has one, which is empty between calls.
/// </summary>
internal sealed class CiphertextBuffer
{
    private const int FirstLength = 2 * TlsRecord.MaxPlaintextLength;

    [ThreadStatic]
    private static CiphertextBuffer? OfThread;

    private byte[] _array = GC.AllocateUninitializedArray<byte>(FirstLength);
    private int _length;

    /// <summary>That of this thread.</summary>
    public static CiphertextBuffer Current => OfThread ??= new CiphertextBuffer();

    /// <summary>Adds records.</summary>
    public void Add(ReadOnlySpan<byte> records)
    {
        if (records.Length > _array.Length - _length)
        {
            Array.Resize(ref _array, Math.Max(2 * _array.Length, _length + records.Length));
        }

        records.CopyTo(_array.AsSpan(_length));
        _length += records.Length;
    }

    /// <summary>Empties the buffer.</summary>
    /// <returns>What was in it, valid until something is added.</returns>
    public ReadOnlySpan<byte> Take()
    {
        ReadOnlySpan<byte> records = _array.AsSpan(0, _length);
        _length = 0;
        return records;
    }
}
