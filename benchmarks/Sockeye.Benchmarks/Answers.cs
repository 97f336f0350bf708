namespace Sockeye.Benchmarks;

/// <summary>A fast wrong answer is not a result: checked in every setup, before anything is timed.</summary>
internal static class Answers
{
    public static void MustAgree(bool agree, string subject)
    {
        if (!agree)
        {
            throw new InvalidOperationException($"The two ways to do it disagree: {subject}.");
        }
    }
}
