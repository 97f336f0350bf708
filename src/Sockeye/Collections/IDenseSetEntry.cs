namespace Sockeye.Collections;

/// <summary>An object that can be in a <see cref="DenseSet{T}"/>.</summary>
internal interface IDenseSetEntry
{
    /// <summary>The position in the set. Used by the set only, under its lock.</summary>
    int Position { get; set; }
}
