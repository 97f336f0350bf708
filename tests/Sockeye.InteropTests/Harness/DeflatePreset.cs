namespace Sockeye.Tests;

/// <summary>How Sockeye compresses: the presets, with messages of every length compressed.</summary>
public enum DeflatePreset
{
    Default,
    Shared,
    Dedicated,
}

internal static class DeflatePresets
{
    public static PerMessageDeflateOptions Options(this DeflatePreset preset)
    {
        PerMessageDeflateOptions options = preset switch
        {
            DeflatePreset.Shared => PerMessageDeflateOptions.Shared,
            DeflatePreset.Dedicated => PerMessageDeflateOptions.Dedicated,
            _ => PerMessageDeflateOptions.Default,
        };
        return options with { MinimumLength = 0 };
    }
}
