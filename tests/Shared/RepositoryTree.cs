namespace Sockeye.Tests;

/// <summary>The files of the checkout these tests were built in.</summary>
internal static class RepositoryTree
{
    private static readonly string[] IgnoredFolders = ["artifacts", "bin", "obj", "node_modules", "TestResults"];

    public static string Root { get; } = FindRoot();

    /// <summary>Every file under a folder with a name that matches, as a path from the root with '/' in it.</summary>
    public static IReadOnlyList<string> Files(string folder, string pattern)
    {
        string start = Path.Combine(Root, folder);
        if (!Directory.Exists(start))
        {
            return [];
        }

        return [.. Directory.EnumerateFiles(start, pattern, SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Root, path).Replace('\\', '/'))
            .Where(path => !path.Split('/').Any(IsIgnored))
            .Order(StringComparer.Ordinal)];
    }

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    /// <summary>Lines as an editor numbers them: a last line feed begins no line.</summary>
    public static int CountLines(string text) =>
        text.Length == 0 ? 0 : text.AsSpan().Count('\n') + (text.EndsWith('\n') ? 0 : 1);

    private static bool IsIgnored(string part) =>
        IgnoredFolders.Contains(part) || (part.StartsWith('.') && part is not (".ci" or ".editorconfig"));

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Sockeye.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new DirectoryNotFoundException("No folder above the tests holds Sockeye.slnx.");
    }
}
