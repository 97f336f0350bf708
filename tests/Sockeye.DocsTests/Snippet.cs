namespace Sockeye.Tests;

/// <summary>A piece of this project's source, between "// snippet: name" and "// end snippet", that a page shows.</summary>
internal sealed record Snippet(string Name, string Path, string Text)
{
    private const string Begin = "// snippet: ";
    private const string End = "// end snippet";

    public static IReadOnlyList<Snippet> All() =>
        [.. RepositoryTree.Files("tests/Sockeye.DocsTests/Snippets", "*.cs")
            .SelectMany(path => Find(path, RepositoryTree.Read(path)))];

    public static IEnumerable<Snippet> Find(string path, string source)
    {
        string? name = null;
        List<string> lines = [];
        foreach (string line in source.Split('\n'))
        {
            string trimmed = line.Trim();
            if (trimmed.StartsWith(Begin, StringComparison.Ordinal))
            {
                name = trimmed[Begin.Length..];
                lines = [];
            }
            else if (trimmed == End)
            {
                yield return new Snippet(
                    name ?? throw new FormatException($"{path} ends a snippet that it has not begun."),
                    path,
                    Outdent(lines));
                name = null;
            }
            else
            {
                lines.Add(line);
            }
        }
    }

    private static string Outdent(List<string> lines)
    {
        int indent = lines.Where(line => line.Trim().Length > 0)
            .Select(line => line.Length - line.TrimStart().Length)
            .DefaultIfEmpty(0)
            .Min();
        return string.Join('\n', lines.Select(line => line.Length < indent ? "" : line[indent..].TrimEnd())).Trim('\n');
    }
}
