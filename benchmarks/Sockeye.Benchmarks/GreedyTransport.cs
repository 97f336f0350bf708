using Sockeye.Transports;

namespace Sockeye.Benchmarks;

/// <summary>A transport that accepts and discards everything, so that only the connection is measured.</summary>
internal sealed class GreedyTransport : Transport
{
    /// <summary>The number of bytes written.</summary>
    public long WrittenLength { get; private set; }

    public override void Start()
    {
    }

    public override int TryWrite(ReadOnlySpan<byte> bytes)
    {
        WrittenLength += bytes.Length;
        return bytes.Length;
    }

    public override int TryWrite(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second) => TryWrite(first) + TryWrite(second);

    public override bool Write(ReadOnlyMemory<byte> bytes) => true;

    public override void ResumeReading()
    {
    }

    public override void ShutdownOutput()
    {
    }

    public override void Close()
    {
    }

    public override void Abort(Exception? error)
    {
    }
}
