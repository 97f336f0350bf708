using System.Buffers;

namespace Sockeye.Protocol.Tests;

/// <summary>An inflater that copies its input: tests check only which bytes are passed to it.</summary>
internal sealed class CopyingInflater : IMessageInflater
{
    public OperationStatus Inflate(
        ReadOnlySpan<byte> source, bool endsMessage, Span<byte> destination, out int consumed, out int written)
    {
        consumed = written = Math.Min(source.Length, destination.Length);
        source[..consumed].CopyTo(destination);
        return consumed < source.Length ? OperationStatus.DestinationTooSmall
            : endsMessage ? OperationStatus.Done
            : OperationStatus.NeedMoreData;
    }
}
