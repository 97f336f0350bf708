using System.Net;
using System.Text;

namespace Sockeye.Client;

/// <summary>The HTTP client of the platform, set to do nothing by itself: Sockeye decides what is sent and accepted.</summary>
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

        // The connection of a rejected request is not reused, so that the rest of its body need not be read.
        MaxResponseDrainSize = 0,
    };
}
