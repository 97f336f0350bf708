using System.Buffers;

namespace Sockeye.Tests;

/// <summary>Assembles the endpoint's messages, and fails the test if they violate RFC 6455 §5.4, §5.5.1, §7.4 or §8.1.</summary>
/// <param name="endpointIsClient">The role of the endpoint.</param>
/// <param name="inflater">Inflates its messages, if compression was negotiated.</param>
internal sealed class PeerEventReader(bool endpointIsClient, PeerInflater? inflater = null)
{
    private readonly RawFrameReader _frames = new(endpointIsClient, inflater is not null);
    private readonly Queue<PeerEvent> _events = [];
    private readonly ArrayBufferWriter<byte> _message = new();
    private RawOpcode _openOpcode;
    private bool _isCompressed;
    private bool _closed;

    public int Count => _events.Count;

    /// <summary>Whether the endpoint's output has stopped inside a frame or a fragmented message.</summary>
    public bool IsUnfinished => _frames.HasPartialFrame || _openOpcode != 0;

    /// <summary>The number of compressed messages.</summary>
    public int CompressedCount { get; private set; }

    public PeerEvent Dequeue() => _events.Dequeue();

    public void Append(ReadOnlySpan<byte> bytes)
    {
        _frames.Append(bytes);
        while (_frames.TryRead(out RawFrame? frame))
        {
            // RFC 6455 §5.5.1: "MUST NOT send any more data frames after sending a Close frame". §7.1.2 allows one Close frame
            // only.
            Assert.False(_closed, $"The endpoint sent a frame with opcode {(int)frame.Opcode:X} after its Close frame.");
            if (frame.IsControl)
            {
                OnControl(frame);
            }
            else
            {
                OnData(frame);
            }
        }
    }

    private void OnControl(RawFrame frame)
    {
        if (frame.Opcode == RawOpcode.Close)
        {
            Assert.True(Oracle.IsClosePayload(frame.Payload), "The endpoint sent a Close frame that is broken.");
            _closed = true;
        }

        _events.Enqueue(new PeerEvent(
            frame.Opcode switch
            {
                RawOpcode.Close => PeerEventKind.Close,
                RawOpcode.Ping => PeerEventKind.Ping,
                _ => PeerEventKind.Pong,
            },
            frame.Payload));
    }

    private void OnData(RawFrame frame)
    {
        Assert.True(
            frame.Opcode == RawOpcode.Continuation == (_openOpcode != 0),
            "The endpoint sent a continuation of nothing, or began a message inside another.");
        if (frame.Opcode != RawOpcode.Continuation)
        {
            _openOpcode = frame.Opcode;
            _isCompressed = frame.ReservedBits != 0;
        }

        byte[] payload = frame.Payload;
        if (_message.WrittenCount != 0 || !frame.Fin)
        {
            _message.Write(payload);
            payload = frame.Fin ? _message.WrittenSpan.ToArray() : [];
        }

        if (!frame.Fin)
        {
            return;
        }

        if (_isCompressed)
        {
            payload = inflater!.Inflate(payload);
            CompressedCount++;
        }

        bool text = _openOpcode == RawOpcode.Text;
        _openOpcode = 0;
        _message.ResetWrittenCount();
        Assert.True(!text || Oracle.IsUtf8(payload), "The endpoint sent a text message that is not UTF-8.");
        _events.Enqueue(new PeerEvent(text ? PeerEventKind.TextMessage : PeerEventKind.BinaryMessage, payload));
    }
}
