using System.Diagnostics;
using System.Net.Http.Headers;

namespace Sockeye.Telemetry;

/// <summary>Passes the current activity on to the server, in the headers <c>traceparent</c> and <c>tracestate</c> by default.</summary>
internal static class TraceHeaders
{
    /// <summary>
    /// Adds the headers of the current activity, if there is one, whether or not anything listens to Sockeye's activities; as
    /// <see cref="HttpClient"/> does it. A header that the application has set stays.
    /// </summary>
    public static void Add(HttpRequestHeaders headers)
    {
        if (Activity.Current is not { } activity)
        {
            return;
        }

        DistributedContextPropagator.Current.Inject(
            activity,
            headers,
            static (carrier, name, value) =>
            {
                if (carrier is HttpRequestHeaders headers && !headers.Contains(name))
                {
                    headers.TryAddWithoutValidation(name, value);
                }
            });
    }
}
