using Sockeye.Protocol;

namespace Sockeye.Connections.Sending;

/// <summary>A message as a server sends it, in one frame, to any number of connections: nobody writes to it any more.</summary>
internal sealed class PreparedFrame
{
    private readonly int _headerLength;

    /// <summary>Makes the frame; the payload is copied.</summary>
    public PreparedFrame(FrameKind kind, ReadOnlySpan<byte> payload)
    {
        // §5.1: "A server MUST NOT mask any frames". So it is the same for everybody.
        Bytes = GC.AllocateUninitializedArray<byte>(OutgoingFrame.LengthOf(payload.Length, Role.Server));
        _headerLength = Bytes.Length - payload.Length;
        Kind = kind;
        OutgoingFrame.Write(Bytes, Role.Server, kind, payload);
    }

    /// <summary>What its first byte says.</summary>
    public FrameKind Kind { get; }

    /// <summary>The whole frame. Not of a pool: whoever still writes it keeps it.</summary>
    public byte[] Bytes { get; }

    /// <summary>Its payload, for a client to mask a copy of.</summary>
    public ReadOnlyMemory<byte> Payload => Bytes.AsMemory(_headerLength);
}
