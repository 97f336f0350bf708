namespace Sockeye;

/// <summary>What options check when they are set, so that a wrong one is found where it was written.</summary>
internal static class OptionChecks
{
    /// <summary>A time that is worth a timer: at least a second, or none at all.</summary>
    public static TimeSpan AtLeastOneSecondOrInfinite(TimeSpan value, string name) =>
        value == Timeout.InfiniteTimeSpan || value >= TimeSpan.FromSeconds(1)
            ? value
            : throw new ArgumentOutOfRangeException(name, value, "Must be at least 1 second, or infinite.");

    /// <summary>A deadline: a wait for a peer always has one.</summary>
    public static TimeSpan Deadline(TimeSpan value, string name) =>
        value > TimeSpan.Zero && value <= TimeSpan.FromDays(1)
            ? value
            : throw new ArgumentOutOfRangeException(name, value, "Must be more than zero and at most a day.");
}
