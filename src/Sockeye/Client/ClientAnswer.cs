namespace Sockeye.Client;

/// <summary>What there is in an HTTP client's answer that is of use here.</summary>
internal static class ClientAnswer
{
    // A refusal's body is for people to read; more of it helps nobody.
    private const int MaxBodyLength = 64 * 1024;

    /// <summary>The headers, those of content among them.</summary>
    public static WebSocketHeaders Headers(HttpResponseMessage response) => WebSocketHeaders.Received(
    [
        .. from header in response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated)
           from value in header.Value
           select KeyValuePair.Create(header.Key, value),
    ]);

    /// <summary>The beginning of the body.</summary>
    public static async Task<byte[]> ReadBodyAsync(HttpContent content, CancellationToken cancellationToken)
    {
        byte[] body = new byte[MaxBodyLength];
        int length = 0;
        try
        {
            Stream stream = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            int read = -1;
            while (length < body.Length && read != 0)
            {
                read = await stream.ReadAsync(body.AsMemory(length), cancellationToken).ConfigureAwait(false);
                length += read;
            }
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
        {
            // A body cut short, or one that does not end in time, is still an answer whose status says what there is
            // to say.
        }

        return body[..length];
    }
}
