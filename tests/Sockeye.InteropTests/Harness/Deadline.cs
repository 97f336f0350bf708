namespace Sockeye.Tests;

/// <summary>The maximum time of any step. Reached only by a hanging test.</summary>
internal static class Deadline
{
    public static readonly TimeSpan Length = TimeSpan.FromSeconds(30);

    public static CancellationToken Token() => new CancellationTokenSource(Length).Token;
}
