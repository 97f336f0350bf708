namespace Sockeye.Transports.Loops;

/// <summary>Keeps a read of a <see cref="TransportStream"/> from returning bytes that belong to another reader.</summary>
internal interface IReadBoundary
{
    /// <summary>Returns how many bytes a read may return.</summary>
    /// <param name="next">The bytes that would be returned: they follow those of the last call.</param>
    /// <returns>At least 1, and at most all of them.</returns>
    int LengthWithin(ReadOnlySpan<byte> next);

    /// <summary>Something is written: what is read after that may respond to it.</summary>
    void OnWrite();
}
