using System.Text.RegularExpressions;

namespace Sockeye.Tests;

/// <summary>What a page of documentation claims: its code, its links, its headings.</summary>
internal sealed class MarkdownPage
{
    private static readonly Regex Link = new(@"\]\((?<target>[^)\s]+)\)", RegexOptions.CultureInvariant);

    private static readonly Regex NotInAnAnchor = new(@"[^\w\- ]", RegexOptions.CultureInvariant);

    public MarkdownPage(string path, string text)
    {
        Path = path;
        List<(string Language, string Text)> blocks = [];
        List<string> prose = [];
        List<string>? block = null;
        string language = "";
        foreach (string line in text.Split('\n'))
        {
            bool isFence = line.StartsWith("```", StringComparison.Ordinal);
            if (isFence && block is null)
            {
                (block, language) = ([], line[3..].Trim());
            }
            else if (isFence)
            {
                blocks.Add((language, string.Join('\n', block!).TrimEnd()));
                block = null;
            }
            else
            {
                (block ?? prose).Add(line);
            }
        }

        CodeBlocks = blocks;
        Prose = prose;
        Links = [.. Link.Matches(string.Join('\n', prose)).Select(match => match.Groups["target"].Value)];
        Headings = [.. prose.Where(line => line.StartsWith('#')).Select(line => line.TrimStart('#').Trim())];
    }

    public string Path { get; }

    public IReadOnlyList<(string Language, string Text)> CodeBlocks { get; }

    /// <summary>The lines outside of code blocks.</summary>
    public IReadOnlyList<string> Prose { get; }

    public IReadOnlyList<string> Links { get; }

    public IReadOnlyList<string> Headings { get; }

    /// <summary>The headings as links name them.</summary>
    public IEnumerable<string> Anchors => Headings.Select(heading =>
        NotInAnAnchor.Replace(heading.ToLowerInvariant(), "").Replace(' ', '-'));

    public static IReadOnlyList<MarkdownPage> All() =>
    [
        .. Directory.EnumerateFiles(RepositoryTree.Root, "*.md")
            .Select(path => System.IO.Path.GetFileName(path))
            .Concat(RepositoryTree.Files("docs", "*.md"))
            .Order(StringComparer.Ordinal)
            .Select(Read),
    ];

    public static MarkdownPage Read(string path) => new(path, RepositoryTree.Read(path));

    /// <summary>The cells of the rows of all tables, without their headers.</summary>
    public IEnumerable<string[]> TableRows()
    {
        string previous = "";
        foreach (string line in Prose)
        {
            bool isRow = line.StartsWith('|');
            bool isRule = line.StartsWith("|-", StringComparison.Ordinal);
            if (isRow && !isRule && previous.StartsWith('|'))
            {
                yield return [.. line.Trim().Trim('|').Split('|').Select(cell => cell.Trim())];
            }

            previous = line;
        }
    }
}
