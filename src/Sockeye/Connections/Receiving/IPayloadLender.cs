using System.Buffers;

namespace Sockeye.Connections.Receiving;

/// <summary>Lends the payload of a message to the application, and can hand it over instead.</summary>
internal interface IPayloadLender
{
    /// <summary>Ends a loan by handing its memory over. Any thread.</summary>
    /// <param name="loan">The number of the loan, which the message has.</param>
    /// <param name="payload">The payload of the message.</param>
    /// <param name="pool">Where the array is to be returned. It no longer counts towards the memory of connections.</param>
    /// <returns>
    /// An array that begins with the payload, and belongs to the caller; <see langword="null"/> if the loan has ended, or the
    /// memory was handed over before.
    /// </returns>
    byte[]? TryDetach(int loan, ReadOnlyMemory<byte> payload, out ArrayPool<byte> pool);

    /// <summary>Whether another whole message is buffered behind the one on loan. Any thread.</summary>
    /// <param name="loan">The number of the loan, which the message has.</param>
    /// <returns><see langword="false"/> also if the loan has ended.</returns>
    bool HasMore(int loan);
}
