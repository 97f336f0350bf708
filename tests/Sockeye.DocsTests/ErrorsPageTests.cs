using System.Globalization;
using Sockeye.Protocol;

namespace Sockeye.Tests;

public sealed class ErrorsPageTests
{
    [Fact]
    public void Every_broken_rule_has_a_section_with_its_close_code()
    {
        MarkdownPage page = MarkdownPage.Read("docs/reference/errors.md");

        Assert.All(
            Enum.GetValues<WebSocketProtocolError>().Where(error => error != WebSocketProtocolError.None),
            error => Assert.Contains($"{error} ({(int)error.CloseCode()})", page.Headings));
    }

    [Fact]
    public void Every_section_about_a_rule_names_an_existing_rule()
    {
        IEnumerable<string> known = Enum.GetNames<WebSocketProtocolError>();

        IEnumerable<string> named = MarkdownPage.Read("docs/reference/errors.md").Headings
            .Where(heading => heading.EndsWith(')'))
            .Select(heading => heading.Split(' ')[0]);

        Assert.Empty(named.Except(known));
    }

    [Fact]
    public void Every_rule_of_the_opening_handshake_has_a_row()
    {
        IEnumerable<string> rows = MarkdownPage.Read("docs/reference/errors.md").TableRows()
            .Select(cells => cells[0].Trim('`'));

        Assert.Empty(Enum.GetNames<WebSocketHandshakeError>().Except([.. rows, nameof(WebSocketHandshakeError.None)]));
    }

    [Fact]
    public void Every_status_is_the_one_that_a_server_sends()
    {
        IEnumerable<(WebSocketHandshakeError Error, string Status)> rows =
            from cells in MarkdownPage.Read("docs/reference/errors.md").TableRows()
            where int.TryParse(cells[1], CultureInfo.InvariantCulture, out _)
            select (Enum.Parse<WebSocketHandshakeError>(cells[0].Trim('`')), cells[1]);

        Assert.NotEmpty(rows);
        Assert.All(rows, row => Assert.Equal(
            row.Status, row.Error.StatusCode().ToString(CultureInfo.InvariantCulture)));
    }
}
