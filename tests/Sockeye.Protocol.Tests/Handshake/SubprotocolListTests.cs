namespace Sockeye.Protocol.Tests;

/// <summary>The "Subprotocol header" part of the checklist, line by line, and what it omits.</summary>
public sealed class SubprotocolListTests
{
    [Fact]
    public void One_name_is_read() => Assert.Equal(["foo"], Parse("foo")); // 1

    [Fact]
    public void Several_names_are_read() => Assert.Equal(["foo", "bar", "baz"], Parse("foo,bar,baz")); // 2

    [Fact]
    public void Optional_white_space_is_ignored() => // 3
        Assert.Equal(["foo", "bar", "baz", "qux", "norf"], Parse("foo , bar\t, \tbaz\t ,  qux\t\t,norf"));

    [Theory]
    [InlineData("")]
    [InlineData(",")]
    [InlineData(" ,\t,")]
    public void List_of_empty_elements_only_is_rejected(string value) => AssertRefused(value); // 4

    [Theory] // RFC 9110 §5.6.1.2
    [InlineData("foo,")]
    [InlineData("foo, ")]
    [InlineData("foo,,")]
    [InlineData("foo,  ,\t")]
    [InlineData(",foo")]
    public void Empty_elements_are_skipped(string value) => Assert.Equal(["foo"], Parse(value));

    [Fact]
    public void Empty_elements_are_skipped_between_others_and_on_separate_lines()
    {
        Assert.Equal(["foo", "bar"], Parse("foo,,bar"));
        Assert.Equal(["foo", "bar"], Parse("", "foo", ",", " , bar"));
        AssertRefused("", ",");
    }

    [Theory]
    [InlineData("foo,foo,bar")]
    [InlineData("foo,bar,foo")]
    [InlineData("foo,,foo")]
    public void Duplicate_is_rejected(string value) => AssertRefused(value); // 5

    [Theory]
    [InlineData("f oo")]
    [InlineData("foo,b ar")]
    [InlineData("foo, b\tar")]
    public void Misplaced_white_space_is_rejected(string value) => AssertRefused(value); // 6

    [Fact]
    public void Illegal_characters_are_rejected() // 7
    {
        foreach (char c in "\"()/:;<=>?@[\\]{}\u00E4\u00FF")
        {
            AssertRefused($"f{c}o, {c}");
        }
    }

    [Fact]
    public void Names_that_differ_in_case_are_different() => Assert.Equal(["chat", "Chat"], Parse("chat, Chat"));

    [Fact]
    public void Several_lines_form_one_list()
    {
        Assert.Equal(["a", "b", "c"], Parse("a", "b, c"));
        AssertRefused("a", "b, a");
    }

    [Fact]
    public void Without_a_header_there_are_no_names() => Assert.Empty(Parse());

    [Theory]
    [InlineData("superchat, chat", "chat", "chat")]
    [InlineData("superchat, chat", "chat, superchat", "superchat")]
    [InlineData("superchat", "chat", null)]
    [InlineData("superchat", "Superchat", null)]
    public void The_servers_preference_decides(string ofServer, string ofClient, string? expected) =>
        Assert.Equal(expected, SubprotocolList.Select(Parse(ofServer), Parse(ofClient)));

    [Fact]
    public void Without_offers_there_is_no_common_subprotocol()
    {
        Assert.Null(SubprotocolList.Select([], ["a"]));
        Assert.Null(SubprotocolList.Select(["a"], []));
    }

    [Fact]
    public void Formatted_list_reads_back()
    {
        string[] names = ["a", "v1.stomp", "!#$%&'*+-.^_`|~"];

        Assert.Equal(names, Parse(SubprotocolList.Format(names)));
    }

    private static IReadOnlyList<string> Parse(params string[] values)
    {
        Assert.True(SubprotocolList.TryParse(Headers(values), out IReadOnlyList<string> subprotocols));
        return subprotocols;
    }

    private static void AssertRefused(params string[] values)
    {
        Assert.False(SubprotocolList.TryParse(Headers(values), out IReadOnlyList<string> subprotocols), values[0]);
        Assert.Empty(subprotocols);
    }

    private static HeaderFields Headers(string[] values) =>
        HeaderFields.FromPairs(values.Select(value => KeyValuePair.Create("Sec-WebSocket-Protocol", value)));
}
