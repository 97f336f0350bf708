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
    // HTTP/1.1 407
    private const int StatusIndex = 9;
    private const int StatusEnd = StatusIndex + 3;

    private HeadEndFinder _heads;
    private int _position;
    private int _status;
    private bool _isInRejection;

    /// <inheritdoc/>
    public int LengthWithin(ReadOnlySpan<byte> next)
    {
        if (_isInRejection)
        {
            return next.Length;
        }

        int? end = _heads.EndIn(next);
        ReadStatus(next[..(end ?? next.Length)]);
        if (end is null)
        {
            return next.Length;
        }

        _isInRejection = _status is >= 300 and <= 599;
        _position = 0;
        return _isInRejection ? next.Length : end.Value;
    }

    /// <inheritdoc/>
    public void OnWrite() => _isInRejection = false;

    // The HTTP client rejects an invalid status line.
    private void ReadStatus(ReadOnlySpan<byte> head)
    {
        foreach (byte next in head[..Math.Min(head.Length, StatusEnd - _position)])
        {
            _status = _position++ < StatusIndex ? 0 : (_status * 10) + (next - '0');
        }
    }
}
