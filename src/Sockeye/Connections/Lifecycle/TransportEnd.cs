namespace Sockeye.Connections.Lifecycle;

/// <summary>What becomes of the transport once everything has been written.</summary>
internal enum TransportEnd : byte
{
    /// <summary>Nothing yet.</summary>
    None,

    /// <summary>Its output is ended.</summary>
    ShutdownOutput,

    /// <summary>It is let go of altogether.</summary>
    Close,
}
