using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>A transport that takes everything or nothing, and holds what it was given to write: as it is, not a copy.</summary>
internal sealed class HoldingTransport : Transport
{
    /// <summary>Whether it takes nothing.</summary>
    public bool IsBlocked { get; set; }

    /// <summary>What it was given to write by itself.</summary>
    public ReadOnlyMemory<byte> Held { get; private set; }

    /// <summary>Asked of everything that is written at once: where does it lie?</summary>
    public Func<ReadOnlyMemory<byte>>? Expected { get; set; }

    /// <summary>How many writes lay where they were expected to.</summary>
    public int ExpectedCount { get; private set; }

    public override void Start()
    {
    }

    public override int TryWrite(ReadOnlySpan<byte> bytes)
    {
        if (IsBlocked)
        {
            return 0;
        }

        ExpectedCount += Expected is not null && bytes.Overlaps(Expected().Span) ? 1 : 0;
        return bytes.Length;
    }

    public override bool Write(ReadOnlyMemory<byte> bytes)
    {
        Held = bytes;
        return false;
    }

    /// <summary>Has written what it holds, and takes on.</summary>
    public void Release()
    {
        IsBlocked = false;
        Held = default;
        Sink.OnWritten();
    }

    public override void ResumeReading()
    {
    }

    public override void ShutdownOutput()
    {
    }

    public override void Close() => Sink.OnClosed(null);

    public override void Abort(Exception? error) => Sink.OnClosed(error);
}
