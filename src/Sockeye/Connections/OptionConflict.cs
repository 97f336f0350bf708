namespace Sockeye.Connections;

/// <summary>Two options of which one would have no effect: the application means something that it would not get.</summary>
internal static class OptionConflict
{
    /// <summary>Makes the exception.</summary>
    /// <param name="ignored">The option that would have no effect.</param>
    /// <param name="other">The option, or the absence of one, because of which it would not.</param>
    /// <param name="reason">Why, as a sentence.</param>
    /// <param name="options">Only names the parameter that has the options.</param>
    public static ArgumentException Create(string ignored, string other, string reason, object? options = null) =>
        new($"{ignored} and {other} contradict each other. {reason}", nameof(options));
}
