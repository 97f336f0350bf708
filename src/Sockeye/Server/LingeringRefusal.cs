using Sockeye.Timing;
using Sockeye.Transports;

namespace Sockeye.Server;

/// <summary>
/// A refusal on its way: as after a failed connection, the transport is read for a while, so that the answer is not destroyed by
/// a reset.
/// </summary>
internal sealed class LingeringRefusal(Transport transport)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(1);
    private const int MaxLength = 16 * 1024 * 1024;

    private int _length;
    private bool _isLetGo;

    /// <summary>Gives the client a second to go.</summary>
    public static void Schedule(DeadlineWheel wheel, Deadline deadline) => wheel.Schedule(deadline, Timeout);

    /// <summary>
    /// Drops what comes. Nothing behind a refused request is ever looked at: a proxy that saw the refusal would take it for
    /// another request, and so smuggle one past itself.
    /// </summary>
    public void Drop(int length)
    {
        _length += length;
        if (_length > MaxLength)
        {
            transport.Close();
        }
    }

    /// <summary>Lets go of the client, and after another second drops it.</summary>
    public void OnDue(DeadlineWheel wheel, Deadline deadline)
    {
        if (_isLetGo)
        {
            // The refusal was not even fetched.
            transport.Abort(error: null);
            return;
        }

        // The client has what it was told, or it is still on its way: without a reset, which would destroy it.
        _isLetGo = true;
        Schedule(wheel, deadline);
        transport.Close();
    }
}
