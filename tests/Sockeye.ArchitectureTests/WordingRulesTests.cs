namespace Sockeye.Tests;

public sealed class WordingRulesTests
{
    [Fact]
    public void The_source_and_the_docs_use_plain_English()
    {
        string[] files =
        [
            "README.md", "AGENTS.md", "CONTRIBUTING.md", "CHANGELOG.md",
            .. RepositoryTree.Files("src", "*.cs"), .. RepositoryTree.Files("docs", "*.md"), .. RepositoryTree.Files("samples", "*.*"),
        ];

        // The glossary has to name what it bans.
        string[] violations =
        [
            .. files
                .Where(path => path != "docs/glossary.md")
                .SelectMany(path => WordingRules.FindViolations(path, RepositoryTree.Read(path))),
        ];

        Assert.True(violations.Length == 0, string.Join('\n', violations));
    }

    [Theory]
    [InlineData("What is no token is refused.")]
    [InlineData("Whoever waits is woken.")]
    [InlineData("The port cannot be had.")]
    [InlineData("The peer is given up.")]
    [InlineData("Gives a peer up that takes nothing.")]
    [InlineData("The handler is told.")]
    [InlineData("It is none of them.")]
    [InlineData("Lets it go.")]
    [InlineData("    // The handler is\n    // told of it.")]
    [InlineData("/// <summary>No more.</summary>")]
    [InlineData("/// <summary>\n/// Nothing.\n/// </summary>")]
    public void A_banned_phrase_is_found(string text)
    {
        Assert.NotEmpty(WordingRules.FindViolations("src/A/Thing.cs", text));
    }

    [Theory]
    [InlineData("Rejects an invalid token.")]
    [InlineData("The port is no longer in use.")]
    [InlineData("A length that is no longer than the limit.")]
    [InlineData("The origins that may connect. The default is none.")]
    [InlineData("/// <returns>The value, or null if there\n/// is no header.</returns>")]
    [InlineData("The client gives up after five attempts.")]
    [InlineData("/// <summary>Returns the buffer.</summary>")]
    public void A_plain_sentence_passes(string text)
    {
        Assert.Empty(WordingRules.FindViolations("src/A/Thing.cs", text));
    }
}
