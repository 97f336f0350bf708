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
    public static PermessageDeflateOptions Options(this DeflatePreset preset)
    {
        PermessageDeflateOptions options = preset switch
        {
            DeflatePreset.Shared => PermessageDeflateOptions.Shared,
            DeflatePreset.Dedicated => PermessageDeflateOptions.Dedicated,
            _ => PermessageDeflateOptions.Default,
        };
        return options with { MinimumSize = 0 };
    }
}
