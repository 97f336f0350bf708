using Sockeye.Collections;

namespace Sockeye.Telemetry;

/// <summary>A connection whose send buffer is read when metrics are collected. Any thread.</summary>
internal interface IMeasuredConnection : IDenseSetEntry
{
    /// <summary>The connections that are measured together with it.</summary>
    ConnectionGroup Group { get; }

    /// <summary>How many bytes wait to be sent.</summary>
    long SendBufferLength { get; }

    /// <summary>Whether the send buffer was at its limit and has not drained since.</summary>
    bool IsCongested { get; }
}
