using System.Buffers;
using Sockeye.Protocol;

namespace Sockeye.Server;

/// <summary>
/// Finds the end of a request's head: in the bytes that were received where they lie, as long as one read has all of it.
/// </summary>
internal struct RequestBytes
{
    // There while the head has arrived in part.
    private PartialHead? _partial;

    /// <summary>Whether some of the head has arrived.</summary>
    public readonly bool HasBegun => _partial is not null;

    /// <summary>Packs a head, to be kept.</summary>
    public static byte[] Pack(ArrayPool<byte> pool, ReadOnlySpan<byte> head)
    {
        byte[] buffer = pool.Rent(PackedHead.MaxLength(head.Length));
        byte[] packed = buffer[..PackedHead.Pack(head, buffer)];
        pool.Return(buffer);
        return packed;
    }

    /// <summary>Reads on.</summary>
    /// <param name="pool">Where memory comes from, if some is needed.</param>
    /// <param name="limits">How large the head may be.</param>
    /// <param name="bytes">
    /// What was received; when the head is whole, or broken, all that was received so far, until <see cref="Release"/>.
    /// </param>
    /// <param name="headLength">How long the head is.</param>
    /// <param name="error">The rule that is broken.</param>
    public OperationStatus Read(
        ArrayPool<byte> pool, HeadLimits limits, ref Span<byte> bytes, out int headLength, out HttpError error)
    {
        if (_partial is not null)
        {
            _partial.Add(bytes);
            bytes = _partial.Bytes;
            return _partial.Read(out headLength, out error);
        }

        var reader = new HeadReader(limits);
        OperationStatus status = reader.Read(bytes, out headLength, out error);
        if (status == OperationStatus.NeedMoreData)
        {
            _partial = new PartialHead(pool, reader);
            _partial.Add(bytes);
        }

        return status;
    }

    /// <summary>Gives the memory back.</summary>
    public readonly void Release() => _partial?.Release();
}
