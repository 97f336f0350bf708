using System.Text;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>Puts frames of an endpoint together to messages, as a peer does that has agreed on compression.</summary>
/// <param name="inflater">The peer's.</param>
internal sealed class MessagesOnTheWire(PeerInflater inflater)
{
    private readonly List<byte> _payload = [];
    private bool _isOpen;
    private bool _isCompressed;

    /// <summary>The data messages in some frames, which may begin or end inside one.</summary>
    public IReadOnlyList<byte[]> Read(IEnumerable<SentFrame> frames)
    {
        List<byte[]> messages = [];
        foreach (SentFrame frame in frames.Where(frame => frame.Opcode < Opcode.Close))
        {
            Assert.Equal(_isOpen, frame.Opcode == Opcode.Continuation);
            _isOpen = !frame.Fin;
            _isCompressed = frame.Opcode == Opcode.Continuation ? _isCompressed : frame.IsCompressed;
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
    public IReadOnlyList<string> Texts(IEnumerable<SentFrame> frames) => [.. Read(frames).Select(Encoding.UTF8.GetString)];
}
