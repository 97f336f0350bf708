using System.Net;
using System.Text;

namespace Sockeye.Client;

/// <summary>The runtime's HTTP client, told to do nothing by itself: what to send and to believe is decided here.</summary>
internal static class ClientHttpHandler
{
    private const int KiB = 1024;

    /// <summary>Makes one, for the requests of one attempt.</summary>
    /// <param name="maxResponseHeadLength">The longest head of a response, in bytes; the HTTP client counts KiB.</param>
    public static SocketsHttpHandler Create(int maxResponseHeadLength) => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        RequestHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
        MaxResponseHeadersLength = (maxResponseHeadLength + KiB - 1) / KiB,

        // The connection of a refusal is not used again: nothing is gained by reading the rest of its body.
        MaxResponseDrainSize = 0,
    };
}
