using System.Globalization;

namespace Sockeye.Telemetry;

/// <summary>The values of the attribute <c>sockeye.close.code</c>.</summary>
internal static class CloseCodeTags
{
    private const int FirstForLibraries = 3000;
    private const int FirstForApplications = 4000;

    /// <summary>Returns the value for a close code.</summary>
    /// <param name="code">The code.</param>
    /// <param name="isChosenByClient">
    /// Whether a client has sent it to this server. It could send 2,000 different private codes (RFC 6455 §7.4.2), each of which would be
    /// a time series of its own, so those are joined.
    /// </param>
    public static string Of(WebSocketCloseCode code, bool isChosenByClient) => (int)code switch
    {
        >= FirstForApplications when isChosenByClient => "4xxx",
        >= FirstForLibraries when isChosenByClient => "3xxx",
        int number => number.ToString(CultureInfo.InvariantCulture),
    };
}
