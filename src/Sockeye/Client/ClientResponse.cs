namespace Sockeye.Client;

/// <summary>Reads the headers and the body of a response that the HTTP client received.</summary>
internal static class ClientResponse
{
    // The body of a rejection is text for a human reader; the beginning is enough.
    private const int MaxBodyLength = 64 * 1024;

    /// <summary>Returns the headers, including those that describe content.</summary>
    public static WebSocketHeaders Headers(HttpResponseMessage response) => WebSocketHeaders.Received(
    [
        .. from header in response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated)
           from value in header.Value
           select KeyValuePair.Create(header.Key, value),
    ]);

    /// <summary>Reads the beginning of the body.</summary>
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
            // The status is the failure to report. A truncated or late body must not hide it.
        }

        return body[..length];
    }
}
