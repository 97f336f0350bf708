using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>A transport that takes random amounts, and the rest on a thread of its own. The wire is what it took.</summary>
internal sealed class ChokingTransport(int seed) : Transport
{
    private readonly Random _random = new(seed);
    private readonly MemoryStream _wire = new();
    private int _writers;

    /// <summary>All bytes taken; look when nothing is being sent any more.</summary>
    public ReadOnlySpan<byte> Wire => _wire.GetBuffer().AsSpan(0, (int)_wire.Length);

    /// <summary>Whether two threads ever wrote at once, which is against the contract.</summary>
    public bool WasShared { get; private set; }

    public override void Start()
    {
    }

    public override int TryWrite(ReadOnlySpan<byte> bytes)
    {
        Enter();
        int taken = _random.Next(3) == 0 ? _random.Next(bytes.Length + 1) : bytes.Length;
        _wire.Write(bytes[..taken]);
        Leave();
        return taken;
    }

    public override bool Write(ReadOnlyMemory<byte> bytes)
    {
        if (_random.Next(4) == 0)
        {
            Enter();
            _wire.Write(bytes.Span);
            Leave();
            return true;
        }

        ThreadPool.UnsafeQueueUserWorkItem(
            _ =>
            {
                Enter();
                _wire.Write(bytes.Span);
                Leave();
                Sink.OnWritten();
            },
            null);
        return false;
    }

    public override void ResumeReading()
    {
    }

    public override void ShutdownOutput()
    {
    }

    public override void Close() => Sink.OnClosed(null);

    public override void Abort(Exception? error) => Sink.OnClosed(error);

    private void Enter() => WasShared |= Interlocked.Increment(ref _writers) != 1;

    private void Leave() => Interlocked.Decrement(ref _writers);
}
