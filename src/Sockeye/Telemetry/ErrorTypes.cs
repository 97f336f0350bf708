using System.Text;

namespace Sockeye.Telemetry;

/// <summary>
/// The values of the attribute <c>error.type</c>: names of errors in lower case with underscores, as the platform's HTTP client has them.
/// All are of low cardinality; a peer cannot make up new ones.
/// </summary>
internal static class ErrorTypes
{
    private static readonly Dictionary<WebSocketHandshakeError, string> Handshake =
        Enum.GetValues<WebSocketHandshakeError>().ToDictionary(error => error, error => ToSnakeCase(error.ToString()));

    private static readonly Dictionary<WebSocketProtocolError, string> Protocol =
        Enum.GetValues<WebSocketProtocolError>().Distinct().ToDictionary(error => error, error => ToSnakeCase(error.ToString()));

    /// <summary>Why an opening handshake failed.</summary>
    public static string Of(WebSocketHandshakeError error) => Handshake[error];

    /// <summary>Why a connection ended.</summary>
    public static string Of(Exception exception) => exception switch
    {
        WebSocketHandshakeException failed => Of(failed.Error),
        WebSocketProtocolException violation => Protocol[violation.Error],
        WebSocketRateException => "rate_exceeded",
        TimeoutException => "timeout",
        OperationCanceledException => "canceled",
        IOException or System.Net.Sockets.SocketException => "connection_lost",
        _ => exception.GetType().FullName ?? exception.GetType().Name,
    };

    private static string ToSnakeCase(string name)
    {
        var snake = new StringBuilder();
        for (int i = 0; i < name.Length; i++)
        {
            // A digit, and the letter behind it, belong to the word before.
            if (i > 0 && char.IsUpper(name[i]) && !char.IsUpper(name[i - 1]) && !char.IsDigit(name[i - 1]))
            {
                snake.Append('_');
            }

            snake.Append(char.ToLowerInvariant(name[i]));
        }

        return snake.ToString();
    }
}
