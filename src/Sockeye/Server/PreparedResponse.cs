using Sockeye.Protocol;

namespace Sockeye.Server;

/// <summary>A response as another HTTP server writes it: its parts, as this server would have written them.</summary>
/// <param name="StatusCode">The status.</param>
/// <param name="Headers">The header lines, in their order.</param>
/// <param name="Body">The body.</param>
internal sealed record PreparedResponse(
    int StatusCode, WebSocketHeaders Headers, ReadOnlyMemory<byte> Body)
{
    /// <summary>Takes a response apart, so that what a response has in it is decided in one place.</summary>
    /// <param name="response">What <see cref="ServerResponse"/> has written.</param>
    public static PreparedResponse Parse(ReadOnlyMemory<byte> response)
    {
        int headLength = response.Span.IndexOf("\r\n\r\n"u8) + "\r\n\r\n"u8.Length;
        ReadOnlySpan<byte> head = response.Span[..headLength];
        HttpError error = ResponseHead.TryParse(head, HeaderLine.RoomFor(head, []), out ResponseHead parsed);
        return error == HttpError.None
            ? new PreparedResponse(parsed.StatusCode, WebSocketHeaders.Received(parsed.Headers.ToPairs()), response[headLength..])
            : throw new InvalidOperationException($"The response breaks a rule of HTTP: {error}.");
    }
}
