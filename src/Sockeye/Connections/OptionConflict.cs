namespace Sockeye.Connections;

/// <summary>Two options, one of which would have no effect because of the other.</summary>
internal static class OptionConflict
{
    /// <summary>Makes the exception.</summary>
    /// <param name="ignored">The option that would have no effect.</param>
    /// <param name="other">The option, or the lack of one, that is the reason.</param>
    /// <param name="reason">The explanation, as a sentence.</param>
    /// <param name="options">Only provides the name of the parameter.</param>
    public static ArgumentException Create(string ignored, string other, string reason, object? options = null) =>
        new($"{ignored} and {other} contradict each other. {reason}", nameof(options));
}
