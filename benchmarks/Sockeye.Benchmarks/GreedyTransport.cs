using Sockeye.Transports;

namespace Sockeye.Benchmarks;

/// <summary>A transport that takes everything and keeps nothing: what is left to measure is the connection.</summary>
internal sealed class GreedyTransport : Transport
{
    public override void Start()
    {
    }

    public override int TryWrite(ReadOnlySpan<byte> bytes) => bytes.Length;

    public override int TryWrite(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second) => first.Length + second.Length;

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
