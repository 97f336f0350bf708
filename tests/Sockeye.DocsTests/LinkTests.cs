namespace Sockeye.Tests;

public sealed class LinkTests
{
    [Fact]
    public void Every_link_inside_the_repository_resolves()
    {
        var broken =
            from page in MarkdownPage.All()
            from link in page.Links
            where !IsExternal(link) && !Exists(page, link)
            select $"{page.Path}: {link}";

        Assert.Empty(broken);
    }

    [Fact]
    public void Every_page_of_the_docs_can_be_reached_from_the_readme()
    {
        HashSet<string> reached = [];
        Queue<string> next = new(["README.md"]);
        while (next.TryDequeue(out string? path))
        {
            if (!reached.Add(path))
            {
                continue;
            }

            MarkdownPage page = MarkdownPage.Read(path);
            foreach (string link in page.Links.Where(link => !IsExternal(link)))
            {
                string target = Resolve(page, link.Split('#')[0]);
                if (target.EndsWith(".md", StringComparison.Ordinal))
                {
                    next.Enqueue(target);
                }
            }
        }

        Assert.Empty(RepositoryTree.Files("docs", "*.md").Except(reached));
    }

    [Theory]
    [InlineData("no-such-page.md")]
    [InlineData("#no-such-heading")]
    public void A_broken_link_is_found(string link)
    {
        Assert.False(Exists(MarkdownPage.Read("README.md"), link));
    }

    private static bool IsExternal(string link) => link.Contains("://", StringComparison.Ordinal);

    private static bool Exists(MarkdownPage page, string link)
    {
        string[] parts = link.Split('#');
        string target = parts[0].Length == 0 ? page.Path : Resolve(page, parts[0]);
        string full = Path.Combine(RepositoryTree.Root, target);
        return parts.Length == 1
            ? File.Exists(full) || Directory.Exists(full)
            : File.Exists(full) && MarkdownPage.Read(target).Anchors.Contains(parts[1]);
    }

    private static string Resolve(MarkdownPage page, string link)
    {
        string folder = Path.Combine(RepositoryTree.Root, Path.GetDirectoryName(page.Path) ?? "");
        return Path.GetRelativePath(RepositoryTree.Root, Path.GetFullPath(Path.Combine(folder, link))).Replace('\\', '/');
    }
}
