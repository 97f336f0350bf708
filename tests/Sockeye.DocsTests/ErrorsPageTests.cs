using Sockeye.Protocol;

namespace Sockeye.Tests;

public sealed class ErrorsPageTests
{
    [Fact]
    public void Every_broken_rule_has_a_section_with_its_close_code()
    {
        MarkdownPage page = MarkdownPage.Read("docs/reference/errors.md");

        Assert.All(
            Enum.GetValues<ProtocolError>().Where(error => error != ProtocolError.None),
            error => Assert.Contains($"{error} ({(int)error.CloseCode()})", page.Headings));
    }

    [Fact]
    public void Every_section_about_a_rule_is_about_one_that_exists()
    {
        IEnumerable<string> known = Enum.GetNames<ProtocolError>();

        IEnumerable<string> named = MarkdownPage.Read("docs/reference/errors.md").Headings
            .Where(heading => heading.EndsWith(')'))
            .Select(heading => heading.Split(' ')[0]);

        Assert.Empty(named.Except(known));
    }
}
