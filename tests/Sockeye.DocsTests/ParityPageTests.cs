namespace Sockeye.Tests;

public sealed class ParityPageTests
{
    [Theory]
    [InlineData("docs/reference/parity.md")]
    [InlineData("docs/reference/parity-client.md")]
    [InlineData("docs/reference/parity-client-behaviours.md")]
    [InlineData("docs/reference/parity-server.md")]
    [InlineData("docs/reference/parity-server-behaviours.md")]
    [InlineData("docs/reference/parity-connection.md")]
    [InlineData("docs/reference/parity-connection-behaviours.md")]
    [InlineData("docs/reference/parity-requests.md")]
    [InlineData("docs/reference/parity-streams.md")]
    [InlineData("docs/reference/attacks-concurrency.md")]
    [InlineData("docs/reference/attacks-server.md")]
    [InlineData("docs/reference/interop.md")]
    [InlineData("docs/reference/attacks-client.md")]
    public void Every_test_that_the_page_names_exists(string page)
    {
        Dictionary<string, string> sources = RepositoryTree.Files("tests", "*Tests.cs")
            .GroupBy(path => Path.GetFileNameWithoutExtension(path))
            .ToDictionary(group => group.Key, group => string.Concat(group.Select(RepositoryTree.Read)));

        string[] tests = [.. MarkdownPage.Read(page).TableRows()
            .SelectMany(cells => cells[^1].Split('`'))
            .Where(word => word.Contains("Tests.", StringComparison.Ordinal))];

        Assert.NotEmpty(tests);
        Assert.All(tests, test =>
        {
            string[] parts = test.Split('.');
            Assert.True(
                sources.TryGetValue(parts[0], out string? source)
                    && source.Contains($" {parts[1]}(", StringComparison.Ordinal),
                $"There is no test {test}.");
        });
    }
}
