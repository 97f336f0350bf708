namespace Sockeye.Transports.Loops;

/// <summary>What <c>epoll</c> tells of a descriptor, and is asked to tell.</summary>
[Flags]
internal enum EpollEvents : uint
{
    None = 0,
    In = 0x001,
    Urgent = 0x002,
    Out = 0x004,
    Error = 0x008,
    HangUp = 0x010,
    ReadHangUp = 0x2000,

    /// <summary>Told once per change, not as long as it lasts.</summary>
    EdgeTriggered = 1u << 31,
}
