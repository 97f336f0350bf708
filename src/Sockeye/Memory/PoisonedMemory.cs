namespace Sockeye.Memory;

/// <summary>
/// Overwrites the payload of a message when its loan ends, so that code which still reads it sees 0xDD bytes instead of a
/// payload that happens to be intact. A debugging aid: on in debug builds and wherever the switch is set.
/// </summary>
internal static class PoisonedMemory
{
    /// <summary>The name of the switch, for <see cref="AppContext"/>.</summary>
    public const string SwitchName = "Sockeye.PoisonReturnedMemory";

    /// <summary>What the memory is overwritten with.</summary>
    public const byte Value = 0xDD;

    // Read once, so that the compiler leaves out the code of a switch that is off.
    private static readonly bool IsEnabled =
        AppContext.TryGetSwitch(SwitchName, out bool isEnabled) ? isEnabled : IsEnabledByDefault;

    private static bool IsEnabledByDefault
#if DEBUG
        => true;
#else
        => false;
#endif

    /// <summary>Overwrites memory whose loan has ended, if the switch is on.</summary>
    public static void Poison(Span<byte> memory)
    {
        if (IsEnabled)
        {
            memory.Fill(Value);
        }
    }
}
