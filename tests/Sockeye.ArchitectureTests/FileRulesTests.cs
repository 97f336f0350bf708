namespace Sockeye.Tests;

public sealed class FileRulesTests
{
    [Fact]
    public void Every_source_file_keeps_the_rules()
    {
        string[] files = [.. RepositoryTree.Files("", "*.cs")];

        Assert.NotEmpty(files);
        Assert.Empty(files.SelectMany(path => FileRules.FindViolations(path, RepositoryTree.Read(path))));
    }

    [Fact]
    public void Every_page_keeps_the_rules()
    {
        string[] pages = ["README.md", "AGENTS.md", .. RepositoryTree.Files("docs", "*.md")];

        Assert.Empty(pages.SelectMany(path => FileRules.FindPageViolations(path, RepositoryTree.Read(path))));
    }

    [Theory]
    [InlineData("src/A/Thing.cs", "class Other;")]
    [InlineData("src/A/ThingManager.cs", "class ThingManager;")]
    [InlineData("src/A/Thing.cs", "class Thing; class HttpHelper;")]
    [InlineData("src/A/StringUtils.cs", "class StringUtils;")]
    [InlineData("src/A/Thing.cs", "class Thing {\n#region x\n#endregion\n}")]
    [InlineData("src/A/Thing.cs", "partial class Thing;")]
    [InlineData("src/A/Thing.cs", "class Thing; // TO" + "DO: more")]
    public void A_broken_rule_is_found(string path, string text)
    {
        Assert.Single(FileRules.FindViolations(path, text));
    }

    [Theory]
    [InlineData("src/A/Thing.cs", "class Thing<T>; enum ThingKind { One }")]
    [InlineData("src/A/Utilization.cs", "class Utilization;")]
    [InlineData("samples/A/Program.cs", "Go(); class Rest;")]
    [InlineData("src/A/ThingLog.cs", "static partial class ThingLog { [LoggerMessage(EventId = 1)] partial void F(); }")]
    public void A_valid_file_has_no_violation(string path, string text)
    {
        Assert.Empty(FileRules.FindViolations(path, text));
    }

    [Theory]
    [InlineData("src/A/Thing.cs", 500, "", true)]
    [InlineData("src/A/Thing.cs", 501, "", false)]
    [InlineData("src/A/Thing.cs", 501, "// One table: to cut it would hide its order.", true)]
    [InlineData("tests/A/Thing.cs", 700, "", true)]
    [InlineData("tests/A/Thing.cs", 701, "", false)]
    public void A_long_source_file_must_say_why(string path, int lines, string firstLine, bool isAllowed)
    {
        string text = firstLine + new string('\n', lines - 1) + "class Thing;\n";

        Assert.Equal(lines, RepositoryTree.CountLines(text));
        Assert.Equal(isAllowed, !FileRules.FindViolations(path, text).Any());
    }

    [Theory]
    [InlineData("README.md", 150, true)]
    [InlineData("README.md", 151, false)]
    [InlineData("docs/how-to/close.md", 300, true)]
    [InlineData("docs/how-to/close.md", 301, false)]
    public void A_page_has_a_maximum_length(string path, int lines, bool isAllowed)
    {
        Assert.Equal(isAllowed, !FileRules.FindPageViolations(path, new string('\n', lines)).Any());
    }
}
