using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>
/// A transport without threads: the endpoint receives the peer's bytes during the peer's call, and its own output is in the
/// peer's inbox when that call returns.
/// </summary>
/// <remarks>Follows the contract exactly: the sink is never called from inside a call to the transport.</remarks>
internal sealed class InPlaceTransport(PeerInbox peer) : Transport
{
    private readonly Queue<byte[]> _arrived = [];
    private ReadOnlyMemory<byte> _blockedWrite;
    private bool _isPaused;
    private bool _resumed;
    private bool _inputEnded;
    private bool _written;
    private bool _isClosed;
    private bool _closedTold;
    private Exception? _error;

    /// <summary>
    /// How many bytes the endpoint may send before it must wait: the room that a peer which does not read leaves.
    /// </summary>
    public long Room { get; private set; } = long.MaxValue;

    public override void Start() => Pump();

    /// <summary>Passes bytes to the sink.</summary>
    public void Deliver(ReadOnlyMemory<byte> bytes)
    {
        _arrived.Enqueue(bytes.ToArray());
        Pump();
    }

    /// <summary>Reports that the peer has ended its direction.</summary>
    public void EndInput()
    {
        _inputEnded = true;
        Pump();
    }

    /// <summary>Changes how many bytes the endpoint may send.</summary>
    public void SetRoom(long room)
    {
        Room = room;
        if (!_blockedWrite.IsEmpty)
        {
            ReadOnlyMemory<byte> rest = _blockedWrite[TryWrite(_blockedWrite.Span)..];
            _blockedWrite = rest;
            _written |= rest.IsEmpty;
        }

        Pump();
    }

    /// <summary>Makes the calls to the sink that calls to the transport have requested.</summary>
    public void Pump()
    {
        while (!_closedTold)
        {
            if (_isClosed)
            {
                _closedTold = true;
                Sink.OnClosed(_error);
            }
            else if (_written)
            {
                _written = false;
                Sink.OnWritten();
            }
            else if (_resumed)
            {
                _resumed = false;
                _isPaused = Sink.OnReadingResumed() == ReadVerdict.Pause && !_resumed;
            }
            else if (!_isPaused && _arrived.TryDequeue(out byte[]? bytes))
            {
                _isPaused = Sink.OnReceived(bytes) == ReadVerdict.Pause && !_resumed;
                bytes.AsSpan().Fill(0xDD);
            }
            else if (!_isPaused && _inputEnded)
            {
                _inputEnded = false;
                Sink.OnInputEnded();
            }
            else
            {
                return;
            }
        }
    }

    public override int TryWrite(ReadOnlySpan<byte> bytes)
    {
        if (_isClosed)
        {
            return bytes.Length;
        }

        int taken = (int)Math.Min(bytes.Length, Room);
        Room -= taken;
        if (taken != 0)
        {
            peer.Append(bytes[..taken]);
        }

        return taken;
    }

    public override bool Write(ReadOnlyMemory<byte> bytes)
    {
        Assert.True(_blockedWrite.IsEmpty, "A write was begun while another was waiting.");
        _blockedWrite = bytes[TryWrite(bytes.Span)..];
        return _blockedWrite.IsEmpty;
    }

    public override void ResumeReading() => _resumed = true;

    public override void ShutdownOutput()
    {
        Assert.True(_blockedWrite.IsEmpty, "The output was shut down while a write was waiting.");
        peer.End(error: null);
    }

    public override void Close()
    {
        _isClosed = true;
        peer.End(error: null);
    }

    public override void Abort(Exception? error)
    {
        if (!_isClosed)
        {
            _isClosed = true;
            _error = error;
            peer.End(new IOException("The endpoint dropped the transport."));
        }
    }
}
