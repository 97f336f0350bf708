using Sockeye.Timing;
using Sockeye.Transports;

namespace Sockeye.Server.Handshakes;

/// <summary>
/// A rejection that was sent: the transport is read for a while, as after a failed connection, so that a reset does not destroy the
/// response before the client has read it.
/// </summary>
internal sealed class LingeringRejection(Transport transport)
{
    private const int MaxDiscardedLength = 16 * 1024 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private int _discardedLength;
    private bool _isClosing;

    /// <summary>Gives the client a second to disconnect.</summary>
    public static void Schedule(DeadlineWheel wheel, Deadline deadline) => wheel.Schedule(deadline, Patience);

    /// <summary>
    /// Discards what the client sends. Nothing after a rejected request is parsed: a proxy that saw the rejection would treat it as
    /// another request, which would so bypass the proxy's checks.
    /// </summary>
    public void Discard(int length)
    {
        _discardedLength += length;
        if (_discardedLength > MaxDiscardedLength)
        {
            transport.Close();
        }
    }

    /// <summary>Closes the transport after a second, and aborts it after another.</summary>
    public void OnDue(DeadlineWheel wheel, Deadline deadline)
    {
        if (_isClosing)
        {
            // The client has not even read the response.
            transport.Abort(error: null);
            return;
        }

        // Without a reset, which would destroy a response that is still on its way.
        _isClosing = true;
        Schedule(wheel, deadline);
        transport.Close();
    }
}
