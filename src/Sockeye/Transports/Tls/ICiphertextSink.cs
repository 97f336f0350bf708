namespace Sockeye.Transports.Tls;

/// <summary>Takes the records that a <see cref="TlsEngine"/> produces.</summary>
internal interface ICiphertextSink
{
    /// <summary>
    /// Takes whole records, in the order in which the peer must get them: all of one call to <see cref="TlsEngine.Encrypt"/> at once.
    /// </summary>
    /// <param name="records">The records; not used after the call.</param>
    void OnRecords(ReadOnlySpan<byte> records);
}
