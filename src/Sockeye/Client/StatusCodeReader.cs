namespace Sockeye.Client;

/// <summary>
/// Reads the status code from the first bytes of the head of a response (RFC 9112 §4), which may come one by one. The HTTP client rejects
/// an invalid status line.
/// </summary>
internal struct StatusCodeReader
{
    // HTTP/1.1 103
    private const int Start = 9;
    private const int End = Start + 3;

    private int _position;

    /// <summary>The digits that were read; 0 before the first.</summary>
    public int Code { get; private set; }

    /// <summary>Whether the code has been read whole. Nothing may be added after that.</summary>
    public readonly bool IsComplete => _position == End;

    /// <summary>Adds the next byte of the head.</summary>
    public void Add(byte next)
    {
        Code = _position < Start ? 0 : (Code * 10) + (next - '0');
        _position++;
    }
}
