namespace Sockeye.Benchmarks;

/// <summary>Verifies results during setup, before anything is timed: a fast but wrong result is worthless.</summary>
internal static class Answers
{
    public static void MustAgree(bool agree, string subject)
    {
        if (!agree)
        {
            throw new InvalidOperationException($"The two implementations disagree: {subject}.");
        }
    }
}
