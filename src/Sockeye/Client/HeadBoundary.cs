using Sockeye.Protocol;
using Sockeye.Transports.Loops;

namespace Sockeye.Client;

/// <summary>
/// Ends a read with the head of an HTTP response, so that the HTTP client holds no bytes that belong to the connection or to a tunnel.
/// </summary>
/// <remarks>
/// The body of a rejection is not held back: with it the HTTP client has read the response to its end, and may send another request on
/// the same connection, as to a proxy that requires credentials (RFC 9110 §11.7.1).
/// </remarks>
internal sealed class HeadBoundary : IReadBoundary
{
    private HeadEndFinder _heads;
    private StatusCodeReader _status;
    private bool _isInRejection;

    /// <inheritdoc/>
    public int LengthWithin(ReadOnlySpan<byte> next)
    {
        if (_isInRejection)
        {
            return next.Length;
        }

        int? end = _heads.EndIn(next);
        for (int index = 0; index < (end ?? next.Length) && !_status.IsComplete; index++)
        {
            _status.Add(next[index]);
        }

        if (end is null)
        {
            return next.Length;
        }

        _isInRejection = _status.Code is >= 300 and <= 599;
        _status = default;
        return _isInRejection ? next.Length : end.Value;
    }

    /// <inheritdoc/>
    public void OnWrite() => _isInRejection = false;
}
