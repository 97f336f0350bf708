namespace Sockeye.Testing;

/// <summary>Finds where the opening handshake ends in one direction: after the empty line of the request, or of a response 101.</summary>
/// <remarks>A response that rejects the handshake, and its body, belong to the handshake as a whole.</remarks>
/// <param name="isResponse">Whether the direction is that of the response.</param>
internal sealed class HeadBoundary(bool isResponse)
{
    private readonly List<byte> _start = [];
    private int _matchedLength;

    private static ReadOnlySpan<byte> End => "\r\n\r\n"u8;

    private static ReadOnlySpan<byte> Accepted => "HTTP/1.1 101"u8;

    /// <summary>Whether the handshake of this direction is over.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Returns how many of the bytes belong to the handshake.</summary>
    public int Take(ReadOnlySpan<byte> bytes)
    {
        int taken = 0;
        while (taken < bytes.Length && !IsOver)
        {
            byte value = bytes[taken++];
            if (_start.Count < Accepted.Length)
            {
                _start.Add(value);
            }

            _matchedLength = value == End[_matchedLength] ? _matchedLength + 1 : value == End[0] ? 1 : 0;
            if (_matchedLength == End.Length)
            {
                _matchedLength = 0;
                IsOver = !isResponse || Accepted.SequenceEqual(_start.ToArray());
            }
        }

        return taken;
    }
}
