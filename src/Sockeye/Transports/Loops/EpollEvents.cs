namespace Sockeye.Transports.Loops;

/// <summary>The events that <c>epoll</c> reports for a descriptor, and the flags for requesting them.</summary>
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
    /// Wakes one of the epolls that watch a descriptor, not all of them. Allowed only when the descriptor is added; to change its
    /// events, remove it and add it again (epoll_ctl(2)).
    /// </summary>
    Exclusive = 1u << 28,

    /// <summary>Reports a change once, not for as long as the condition lasts.</summary>
    EdgeTriggered = 1u << 31,
}
