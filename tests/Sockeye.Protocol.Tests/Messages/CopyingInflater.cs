using System.Buffers;

namespace Sockeye.Protocol.Tests;

/// <summary>An inflater for which every message is its own compressed form: what counts is who hands it what.</summary>
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
