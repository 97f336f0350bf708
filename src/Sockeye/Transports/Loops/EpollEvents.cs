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

    /// <summary>
    /// Of several that watch a descriptor one is told, if one waits, and not all. Only when it is added: what is to change is
    /// removed and added again (epoll_ctl(2)).
    /// </summary>
    Exclusive = 1u << 28,

    /// <summary>Told once per change, not as long as it lasts.</summary>
    EdgeTriggered = 1u << 31,
}
