using System.Net;
using System.Text;

namespace Sockeye.Client;

/// <summary>
/// Creates the platform's HTTP client with its automatic features disabled: Sockeye decides what is sent and accepted.
/// </summary>
internal static class ClientHttpHandler
{
    private const int KiB = 1024;

    /// <summary>Creates a handler for the requests of one attempt.</summary>
    /// <param name="maxResponseHeadLength">
    /// The maximum length of a response's head, in bytes; the HTTP client counts in KiB.
    /// </param>
    public static SocketsHttpHandler Create(int maxResponseHeadLength) => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        RequestHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
        MaxResponseHeadersLength = (maxResponseHeadLength + KiB - 1) / KiB,

        // The connection of a rejected request is not reused, so the rest of its body is not read.
        MaxResponseDrainSize = 0,
    };
}
