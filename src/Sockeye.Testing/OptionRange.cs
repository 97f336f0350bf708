namespace Sockeye.Testing;

/// <summary>Validates the values of options.</summary>
internal static class OptionRange
{
    private static readonly TimeSpan MaxTime = TimeSpan.FromDays(1);

    public static TimeSpan Time(TimeSpan value, string name) =>
        value >= TimeSpan.Zero && value <= MaxTime
            ? value
            : throw new ArgumentOutOfRangeException(name, value, "Must be zero to a day.");

    public static int? AtLeastOne(int? value, string name) => (int?)AtLeastOne((long?)value, name);

    public static long? AtLeastOne(long? value, string name) =>
        value is null or >= 1 ? value : throw new ArgumentOutOfRangeException(name, value, "Must be at least 1.");

    public static long? NotNegative(long? value, string name) =>
        value is null or >= 0 ? value : throw new ArgumentOutOfRangeException(name, value, "Must not be negative.");
}
