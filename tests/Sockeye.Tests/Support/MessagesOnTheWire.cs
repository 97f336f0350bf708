using System.Text;

namespace Sockeye.Tests;

/// <summary>Assembles frames of an endpoint to messages, like a peer with negotiated compression.</summary>
/// <param name="inflater">The peer's.</param>
internal sealed class MessagesOnTheWire(PeerInflater inflater)
{
    private readonly List<byte> _payload = [];
    private bool _isOpen;
    private bool _isCompressed;

    /// <summary>The data messages in some frames, which may begin or end inside one.</summary>
    public IReadOnlyList<byte[]> Read(IEnumerable<RawFrame> frames)
    {
        List<byte[]> messages = [];
        foreach (RawFrame frame in frames.Where(frame => frame.Opcode < RawOpcode.Close))
        {
            Assert.Equal(_isOpen, frame.Opcode == RawOpcode.Continuation);
            _isOpen = !frame.Fin;
            _isCompressed = frame.Opcode == RawOpcode.Continuation ? _isCompressed : frame.IsCompressed;
            _payload.AddRange(frame.Payload);
            if (frame.Fin)
            {
                byte[] payload = [.. _payload];
                _payload.Clear();
                messages.Add(_isCompressed ? inflater.Inflate(payload) : payload);
            }
        }

        return messages;
    }

    /// <summary>The same, as text.</summary>
    public IReadOnlyList<string> Texts(IEnumerable<RawFrame> frames) => [.. Read(frames).Select(Encoding.UTF8.GetString)];
}
