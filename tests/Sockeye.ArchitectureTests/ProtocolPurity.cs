using System.Text.RegularExpressions;

namespace Sockeye.Tests;

/// <summary>
/// What the protocol must not do: no I/O, clock, thread, lock, task, log, static state or randomness. The compiler cannot tell, since the
/// protocol is a folder of the assembly and not an assembly (docs/design/0001).
/// </summary>
internal static class ProtocolPurity
{
    public const string Folder = "src/Sockeye/Protocol";

    private static readonly string[] AllowedNamespaces =
    [
        "Sockeye.Protocol", "System.Buffers", "System.Collections", "System.Diagnostics.CodeAnalysis", "System.Globalization",
        "System.Numerics", "System.Runtime", "System.Security.Cryptography", "System.Text",
    ];

    // Those that the allowed and the implicit namespaces have, or a full name would reach.
    private static readonly string[] ForbiddenNames =
    [
        // I/O
        "Stream", "Socket", "Sockets", "File", "Console", "Pipelines", "HttpClient",
        // Waiting and threads
        "Task", "ValueTask", "Thread", "ThreadPool", "Lock", "Monitor", "Interlocked", "Volatile", "SemaphoreSlim", "CancellationToken",
        "ThreadStatic", "ThreadStaticAttribute", "AsyncLocal", "Threading", "async", "await", "lock", "volatile",
        // Clocks
        "DateTime", "DateTimeOffset", "TimeProvider", "Timer", "ITimer", "PeriodicTimer", "Stopwatch", "TickCount", "TickCount64",
        // Logs
        "ILogger", "LoggerMessage", "Trace", "Debug", "EventSource",
        // Randomness, which the connection hands in
        "Random", "RandomNumberGenerator",
        // Pools, which are arguments so that a test can count what is rented
        "Shared",
    ];

    private static readonly Regex Using = new(@"^using (?:static )?(?:\w+ = )?([\w.]+);", RegexOptions.Multiline);

    // A field that is static and may be written to; a method has a parenthesis, a property has none of the two ends.
    private static readonly Regex MutableStatic = new(
        @"^\s*(?:(?:private|internal|public)\s+)?static\s+(?!readonly\b)[\w<>\[\],.? ]+\s\w+\s*(?:=(?!>)[^;{(]*)?;", RegexOptions.Multiline);

    /// <summary>Every rule that a file of the protocol breaks, as sentences.</summary>
    public static IEnumerable<string> FindViolations(string path, string text)
    {
        var source = new CSharpSource(text);
        foreach (Match match in Using.Matches(source.Code))
        {
            string name = match.Groups[1].Value;
            if (!AllowedNamespaces.Any(allowed => name == allowed || name.StartsWith(allowed + ".", StringComparison.Ordinal)))
            {
                yield return $"{path} uses the namespace {name}.";
            }
        }

        foreach (string name in source.Identifiers.Intersect(ForbiddenNames).Order(StringComparer.Ordinal))
        {
            yield return $"{path} uses {name}.";
        }

        if (MutableStatic.IsMatch(source.Code))
        {
            yield return $"{path} has static state.";
        }
    }
}
