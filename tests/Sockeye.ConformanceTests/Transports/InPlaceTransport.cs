using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>
/// A transport without threads: what the peer sends is pushed up in the peer's call, and what the endpoint sends lies
/// in the peer's inbox when that call returns.
/// </summary>
/// <remarks>Keeps the contract to the letter: no call up is made from inside a call down.</remarks>
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
    /// How many bytes the endpoint may send before it must wait: what a peer that does not read leaves free.
    /// </summary>
    public long Room { get; private set; } = long.MaxValue;

    public override void Start() => Pump();

    /// <summary>Pushes bytes up.</summary>
    public void Deliver(ReadOnlyMemory<byte> bytes)
    {
        _arrived.Enqueue(bytes.ToArray());
        Pump();
    }

    /// <summary>Tells that the peer has ended its direction.</summary>
    public void EndInput()
    {
        _inputEnded = true;
        Pump();
    }

    /// <summary>Changes what the endpoint may send.</summary>
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

    /// <summary>Makes the calls up that calls down have asked for.</summary>
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
