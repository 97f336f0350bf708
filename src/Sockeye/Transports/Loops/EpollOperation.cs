namespace Sockeye.Transports.Loops;

/// <summary>What is done to a descriptor of an epoll.</summary>
internal enum EpollOperation
{
    Add = 1,
    Remove = 2,
    Modify = 3,
}
