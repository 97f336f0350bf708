using Sockeye.Protocol;

namespace Sockeye.Connections.Sending;

/// <summary>The form that a connection gives to its frames.</summary>
/// <param name="Role">Which end it is: a client masks what it sends (RFC 6455 §5.3).</param>
/// <param name="MaxPayloadLength">The longest payload of a frame, in bytes. A longer message is sent in fragments (§5.4).</param>
internal readonly record struct FrameForm(Role Role, int MaxPayloadLength = int.MaxValue)
{
    /// <summary>The form of an end that sends messages of any length in one frame.</summary>
    public static implicit operator FrameForm(Role role) => new(role);
}
