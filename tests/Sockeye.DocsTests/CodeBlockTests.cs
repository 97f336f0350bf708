namespace Sockeye.Tests;

public sealed class CodeBlockTests
{
    [Fact]
    public void Every_code_block_is_a_compiled_snippet()
    {
        string[] compiled = [.. Snippet.All().Select(snippet => snippet.Text)];

        var unknown =
            from page in MarkdownPage.All()
            from block in page.CodeBlocks
            where block.Language is "csharp" or "cs" or "c#"
                && !compiled.Contains(block.Text) && !WholeProgram.Is(block.Text)
            select $"{page.Path}:\n{block.Text}";

        Assert.Empty(unknown);
    }

    [Fact]
    public void Every_snippet_is_shown_on_a_page()
    {
        string[] shown =
            [.. MarkdownPage.All().SelectMany(page => page.CodeBlocks).Select(block => block.Text)];

        Assert.NotEmpty(Snippet.All());
        Assert.Empty(Snippet.All().Where(snippet => !shown.Contains(snippet.Text)).Select(snippet => snippet.Name));
    }

    [Fact]
    public void Every_code_block_names_its_language()
    {
        Assert.All(
            MarkdownPage.All().SelectMany(page => page.CodeBlocks),
            block => Assert.Contains(block.Language, (string[])["csharp", "bash", "json", "text", "xml"]));
    }

    [Fact]
    public void A_snippet_is_the_text_between_its_marks_without_the_indent()
    {
        string source = "before();\n    // snippet: one\n    first();\n\n        second();\n    // end snippet\nafter();\n";

        Snippet snippet = Assert.Single(Snippet.Find("a.cs", source));

        Assert.Equal("one", snippet.Name);
        Assert.Equal("first();\n\n    second();", snippet.Text);
    }

    [Fact]
    public void A_page_has_code_prose_links_and_headings()
    {
        MarkdownPage page = new("a.md", "# A `b` C\n\n```csharp\n[x](code)\n```\n[y](other.md#z)\n\n| h |\n|--|\n| v | w |\n");

        Assert.Equal([("csharp", "[x](code)")], page.CodeBlocks);
        Assert.Equal(["other.md#z"], page.Links);
        Assert.Equal(["a-b-c"], page.Anchors);
        Assert.Equal(["v", "w"], Assert.Single(page.TableRows()));
    }
}
