using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Sockeye.Tests;

/// <summary>The commands for contributors: a test project accepts their options, and their filters match a test.</summary>
public sealed class CommandTests
{
    private static readonly Regex TestRun = new(
        @"dotnet run (-c Release )?--project (?<project>tests/\S+) -- (?<option>-\S+) ""\*(?<name>\w+)\*""",
        RegexOptions.CultureInvariant);

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("AGENTS.md")]
    public async Task Commands_that_filter_tests_match_one(string page)
    {
        Match[] commands = [.. CommandsOf(page).Select(line => TestRun.Match(line)).Where(match => match.Success)];
        string[] options = await OptionsOfATestProjectAsync();

        Assert.Equal(
            ["--filter-class", "--filter-method"],
            commands.Select(command => command.Groups["option"].Value).Order(StringComparer.Ordinal));
        Assert.All(commands, command =>
        {
            string name = command.Groups["name"].Value;
            string pattern = command.Groups["option"].Value == "--filter-class"
                ? $@"class \w*{name}\w*\b"
                : $@"public (async )?\w+ \w*{name}\w*\(";

            Assert.Contains(command.Groups["option"].Value, options);
            Assert.Contains(
                RepositoryTree.Files(command.Groups["project"].Value, "*.cs"),
                path => Regex.IsMatch(RepositoryTree.Read(path), pattern));
        });
    }

    [Theory]
    [InlineData("README.md")]
    [InlineData("AGENTS.md")]
    [InlineData("CONTRIBUTING.md")]
    public void Projects_and_scripts_that_commands_name_exist(string page)
    {
        var paths =
            from line in CommandsOf(page)
            from Match match in Regex.Matches(line, @"(?<=--project |bash |pack )[\w./]+")
            select match.Value;

        Assert.All(paths, path => Assert.True(Path.Exists(Path.Combine(RepositoryTree.Root, path)), path));
    }

    private static IEnumerable<string> CommandsOf(string page) =>
        MarkdownPage.Read(page).CodeBlocks.Where(block => block.Language == "bash").SelectMany(block => block.Text.Split('\n'));

    // This project has the same runner as all others.
    private static async Task<string[]> OptionsOfATestProjectAsync()
    {
        using Process help = Process.Start(new ProcessStartInfo("dotnet", [typeof(CommandTests).Assembly.Location, "--help"])
        {
            RedirectStandardOutput = true,
        })!;
        string text = await help.StandardOutput.ReadToEndAsync().WaitAsync(Deadline);
        return text.Split('\n', StringSplitOptions.TrimEntries);
    }
}
