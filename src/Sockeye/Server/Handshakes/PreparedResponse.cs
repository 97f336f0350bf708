using Sockeye.Protocol;

namespace Sockeye.Server.Handshakes;

/// <summary>A response for another HTTP server to write, in parts. Thread-safe.</summary>
internal sealed class PreparedResponse
{
    private readonly ReadOnlyMemory<byte> _head;
    private WebSocketHeaders? _headers;

    private PreparedResponse(int statusCode, ReadOnlyMemory<byte> head, ReadOnlyMemory<byte> body)
    {
        StatusCode = statusCode;
        _head = head;
        Body = body;
    }

    /// <summary>An acceptance whose headers the HTTP server has written.</summary>
    public static PreparedResponse Switching { get; } = new(101, default, default) { _headers = [] };

    /// <summary>The status.</summary>
    public int StatusCode { get; }

    /// <summary>The header lines, in order. Made when they are first read: an acceptance of ASP.NET Core needs only their values.</summary>
    public WebSocketHeaders Headers
    {
        get
        {
            if (_headers is { } made)
            {
                return made;
            }

            ReadOnlySpan<byte> head = _head.Span;
            ResponseHead.TryParse(head, HeaderLine.RoomFor(head, stackalloc HeaderLine[HeaderLine.UsualCount]), out ResponseHead parsed);
            return _headers = WebSocketHeaders.Received(parsed.Headers.ToPairs());
        }
    }

    /// <summary>The body.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>Takes apart a response that <see cref="ServerResponse"/> has written, which alone determines its contents.</summary>
    /// <exception cref="InvalidOperationException">The response is not valid HTTP.</exception>
    public static PreparedResponse Parse(ReadOnlyMemory<byte> response)
    {
        int headLength = new HeadEndFinder().EndIn(response.Span) ?? 0;
        ReadOnlySpan<byte> head = response.Span[..headLength];
        HttpError error = ResponseHead.TryParse(
            head, HeaderLine.RoomFor(head, stackalloc HeaderLine[HeaderLine.UsualCount]), out ResponseHead parsed);
        return error == HttpError.None
            ? new PreparedResponse(parsed.StatusCode, response[..headLength], response[headLength..])
            : throw new InvalidOperationException($"The response is not valid HTTP: {error}.");
    }

    /// <summary>Calls a method with each header line, in order.</summary>
    /// <param name="argument">Passed on.</param>
    /// <param name="call">The method.</param>
    public void ForEachHeader<T>(T argument, LineAction<T> call)
    {
        ReadOnlySpan<byte> head = _head.Span;
        Span<HeaderLine> lines = HeaderLine.RoomFor(head, stackalloc HeaderLine[HeaderLine.UsualCount]);
        ResponseHead.TryParse(head, lines, out ResponseHead parsed);
        for (int index = 0; index < parsed.Headers.Count; index++)
        {
            HeaderLine line = lines[index];
            call(
                argument, head.Slice(line.NameStart, line.NameLength),
                head.Slice(line.ValueStart, line.ValueLength));
        }
    }

    /// <summary>Is called with the name and the value of a header line.</summary>
    public delegate void LineAction<T>(T argument, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value);
}
