namespace Sockeye.Connections.Sending;

/// <summary>What the sender of a frame has to do once its frame was accepted.</summary>
internal enum WriteDuty : byte
{
    /// <summary>Nothing: the frame goes with what somebody else is writing, or when its thread uncorks.</summary>
    None,

    /// <summary>It has become the writer, and writes a segment that has the frame in it.</summary>
    WriteSegment,

    /// <summary>It has become the writer, and writes a segment that ends in the frame's header, with the payload.</summary>
    WriteSegmentAndPayload,

    /// <summary>It has become the writer, and writes the frame, which is the first: from where its payload lies.</summary>
    WriteFrame,
}
