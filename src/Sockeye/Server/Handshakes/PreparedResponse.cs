using Sockeye.Protocol;

namespace Sockeye.Server.Handshakes;

/// <summary>A response for another HTTP server to write, in parts.</summary>
/// <param name="StatusCode">The status.</param>
/// <param name="Headers">The header lines, in order.</param>
/// <param name="Body">The body.</param>
internal sealed record PreparedResponse(
    int StatusCode, WebSocketHeaders Headers, ReadOnlyMemory<byte> Body)
{
    /// <summary>An acceptance whose headers the HTTP server has written.</summary>
    public static PreparedResponse Switching { get; } = new(101, [], default);

    /// <summary>Takes apart a response that <see cref="ServerResponse"/> has written, which alone determines its contents.</summary>
    /// <exception cref="InvalidOperationException">The response is not valid HTTP.</exception>
    public static PreparedResponse Parse(ReadOnlyMemory<byte> response)
    {
        int headLength = new HeadEndFinder().EndIn(response.Span) ?? 0;
        ReadOnlySpan<byte> head = response.Span[..headLength];
        HttpError error = ResponseHead.TryParse(head, HeaderLine.RoomFor(head, []), out ResponseHead parsed);
        return error == HttpError.None
            ? new PreparedResponse(parsed.StatusCode, WebSocketHeaders.Received(parsed.Headers.ToPairs()), response[headLength..])
            : throw new InvalidOperationException($"The response is not valid HTTP: {error}.");
    }
}
