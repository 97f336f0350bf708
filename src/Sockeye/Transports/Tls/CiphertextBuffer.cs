namespace Sockeye.Transports.Tls;

/// <summary>
/// Gathers the records of one call, so that they leave in one system call. Each thread has one, which is empty between calls.
/// </summary>
internal sealed class CiphertextBuffer
{
    /// <summary>The length of plaintext whose records fit at once.</summary>
    public const int MaxPlaintextLength = 4 * TlsRecord.MaxPlaintextLength;

    // What records add: a header, a nonce, a tag and padding. SslStream may split at other places than the limit of records.
    private const int RoomForOverhead = 4 * 1024;

    [ThreadStatic]
    private static CiphertextBuffer? OfThread;

    private byte[] _array = GC.AllocateUninitializedArray<byte>(MaxPlaintextLength + RoomForOverhead);
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
