using Sockeye.Protocol;

namespace Sockeye.Client;

/// <summary>Counts the interim responses before a response (RFC 9110 §15.2), in its bytes as they arrive.</summary>
internal struct InterimResponses
{
    private const int Success = 200;

    private HeadEndFinder _heads;
    private StatusCodeReader _status;

    /// <summary>
    /// Whether these are the responses of a proxy to CONNECT. RFC 9110 §9.3.6: "Any 2xx (Successful) response indicates" a
    /// tunnel; the HTTP client accepts only 200, so every other 2xx is changed to 200.
    /// </summary>
    public bool IsToConnect { get; init; }

    /// <summary>The number of interim responses that are complete.</summary>
    public int Count { get; private set; }

    /// <summary>Whether the final response has begun. Nothing is counted after that.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Whether the response is to CONNECT and opens a tunnel.</summary>
    public readonly bool IsTunnel => IsOver && IsToConnect && _status.Code == Success;

    /// <summary>Examines the next bytes.</summary>
    public void Add(Span<byte> piece)
    {
        while (!IsOver && !piece.IsEmpty)
        {
            if (!_status.IsComplete)
            {
                if (IsToConnect && _status.Code is 2 or 20 && char.IsAsciiDigit((char)piece[0]))
                {
                    piece[0] = (byte)'0';
                }

                _status.Add(piece[0]);

                // 101 is final (§15.2.2).
                IsOver = _status.IsComplete && _status.Code is not ((>= 100 and <= 199) and not 101);
                _heads.EndIn(piece[..1]);
                piece = piece[1..];
                continue;
            }

            if (_heads.EndIn(piece) is not { } end)
            {
                return;
            }

            Count++;
            _status = default;
            _heads = default;
            piece = piece[end..];
        }
    }
}
