namespace Sockeye.Tests;

/// <summary>How long anything may take here. Reached only when something hangs.</summary>
internal static class Deadline
{
    public static readonly TimeSpan Length = TimeSpan.FromSeconds(30);

    public static CancellationToken Token() => new CancellationTokenSource(Length).Token;
}
