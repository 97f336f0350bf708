using System.Buffers;
using Sockeye.Protocol;

namespace Sockeye.Connections.Receiving;

/// <summary>Looks at received bytes that have not been read yet, without changing them.</summary>
internal static class ReadAhead
{
    /// <summary>Whether a message has arrived completely.</summary>
    /// <param name="unread">The received bytes, from the first byte of a frame, while no message is open.</param>
    /// <param name="rules">The rules that frames must obey.</param>
    public static bool HasMessage(ReadOnlySpan<byte> unread, in FrameRules rules) =>
        !unread.IsEmpty && FindMessage(unread, rules);

    // Usually looks at one frame: more only if control frames or fragments come first (RFC 6455 §5.4).
    private static bool FindMessage(ReadOnlySpan<byte> unread, in FrameRules rules)
    {
        bool isOpen = false;
        while (FrameHeader.TryRead(unread, rules, out FrameHeader header, out int headerLength, out _) == OperationStatus.Done
            && header.PayloadLength <= unread.Length - headerLength
            && header.Opcode != Opcode.Close)
        {
            if (header.Opcode < Opcode.Close)
            {
                bool continues = header.Opcode == Opcode.Continuation;
                if (continues != isOpen || header.Fin)
                {
                    return continues == isOpen;
                }

                isOpen = true;
            }

            unread = unread[(headerLength + (int)header.PayloadLength)..];
        }

        return false;
    }
}
