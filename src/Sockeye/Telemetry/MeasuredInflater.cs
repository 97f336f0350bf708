using System.Buffers;
using Sockeye.Protocol;

namespace Sockeye.Telemetry;

/// <summary>Counts what another inflater inflates. Exists only while metrics are collected.</summary>
internal sealed class MeasuredInflater(IMessageInflater inflater, ConnectionGroup group) : IMessageInflater
{
    /// <inheritdoc/>
    public bool TryBegin(bool endsMessage) => inflater.TryBegin(endsMessage);

    /// <inheritdoc/>
    public OperationStatus Inflate(
        ReadOnlySpan<byte> source, bool endsMessage, Span<byte> destination, out int consumed, out int written)
    {
        OperationStatus status = inflater.Inflate(source, endsMessage, destination, out consumed, out written);
        group.Add(Measure.InflatedFrom, consumed);
        group.Add(Measure.InflatedTo, written);
        return status;
    }
}
