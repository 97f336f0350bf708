namespace Sockeye.Tests;

public sealed class ReadmeTests
{
    private const string RunCommand = "dotnet run --project samples/EchoServer";
    private const string TestCommand = "dotnet test -c Release";

    [Theory]
    [InlineData(RunCommand)]
    [InlineData(TestCommand)]
    public void Readme_has_the_commands(string command)
    {
        IEnumerable<string> lines = MarkdownPage.Read("README.md").CodeBlocks
            .Where(block => block.Language == "bash")
            .SelectMany(block => block.Text.Split('\n'))
            .Select(line => line.Split('#')[0].Trim());

        Assert.Contains(command, lines);
    }

    [Fact]
    public void Sample_of_the_readme_exists()
    {
        Assert.Single(RepositoryTree.Files("samples/EchoServer", "*.csproj"));
    }

    [Fact]
    public void Gate_runs_the_commands_of_the_readme()
    {
        Assert.Contains($"test.sh\" {TestCommand}\n", RepositoryTree.Read(".ci/run"), StringComparison.Ordinal);
        Assert.Contains(RunCommand, RepositoryTree.Read("eng/tools/samples.sh"), StringComparison.Ordinal);
    }
}
