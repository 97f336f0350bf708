using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>A transport that takes nothing at once, and whose writes are over when they begin; it keeps nothing.</summary>
internal sealed class EagerTransport : Transport
{
    /// <summary>How many bytes were written.</summary>
    public long WrittenLength { get; private set; }

    public override void Start()
    {
    }

    public override int TryWrite(ReadOnlySpan<byte> bytes) => 0;

    public override bool Write(ReadOnlyMemory<byte> bytes)
    {
        WrittenLength += bytes.Length;
        return true;
    }

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
