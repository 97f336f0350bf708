namespace Sockeye.Tests;

/// <summary>A token for calls that take one: it is canceled when a test has waited for too long.</summary>
internal static class Patience
{
    public static CancellationToken Token() => new CancellationTokenSource(Deadlines.Deadline).Token;
}
