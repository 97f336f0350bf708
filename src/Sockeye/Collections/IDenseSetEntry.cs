namespace Sockeye.Collections;

/// <summary>What can be in a <see cref="DenseSet{T}"/>.</summary>
internal interface IDenseSetEntry
{
    /// <summary>Where it stands. The set's, under its lock.</summary>
    int Position { get; set; }
}
