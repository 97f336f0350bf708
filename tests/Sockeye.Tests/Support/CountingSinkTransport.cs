using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>A transport that takes everything, keeps nothing and allocates nothing.</summary>
internal sealed class CountingSinkTransport : Transport
{
    /// <summary>How many bytes were written.</summary>
    public long WrittenLength { get; private set; }

    /// <summary>How many writes were made.</summary>
    public int WriteCount { get; private set; }

    /// <summary>Whether it has replies gathered, as a transport of an event loop does; the test then flushes.</summary>
    public bool CanGather { get; init; }

    public override bool CanFlushLater => CanGather;

    public override void Start()
    {
    }

    public override int TryWrite(ReadOnlySpan<byte> bytes)
    {
        WrittenLength += bytes.Length;
        WriteCount++;
        return bytes.Length;
    }

    public override int TryWrite(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        WrittenLength += first.Length + second.Length;
        WriteCount++;
        return first.Length + second.Length;
    }

    public override bool Write(ReadOnlyMemory<byte> bytes) => throw new InvalidOperationException("Everything was taken.");

    public override void ResumeReading()
    {
    }

    public override void FlushLater()
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
