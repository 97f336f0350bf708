namespace Sockeye.Tests;

/// <summary>Files of which each depends on each other.</summary>
internal sealed class FileCycle(IReadOnlyList<string> files, IReadOnlyDictionary<string, string[]> uses)
{
    public IReadOnlyList<string> Files { get; } = files;

    /// <summary>Each file with those of the group that it uses.</summary>
    public override string ToString() => string.Join(
        "\n", Files.Select(file => $"{file} uses {string.Join(", ", uses[file].Intersect(Files).Select(Path.GetFileNameWithoutExtension))}"));
}
