namespace Sockeye.Protocol.Tests;

public sealed class HeaderFieldsTests
{
    private static HeaderFields Fields => Parse(
        "Host: a\r\nX-List:  one , Two\r\nx-list:\tthree\t\r\nEmpty:\r\nX-Name: J\u00FCrgen\r\n");

    [Fact]
    public void Lines_keep_their_order_and_spelling()
    {
        Assert.Equal(
            ["Host=a", "X-List=one , Two", "x-list=three", "Empty=", "X-Name=J\u00FCrgen"],
            Fields.ToPairs().Select(pair => $"{pair.Key}={pair.Value}"));
    }

    [Fact]
    public void Names_are_found_in_any_case()
    {
        Assert.Equal(0, Fields.IndexOf("HOST"u8));
        Assert.Equal(1, Fields.IndexOf("X-LIST"u8));
        Assert.Equal(2, Fields.IndexOf("X-LIST"u8, from: 2));
        Assert.Equal(-1, Fields.IndexOf("X-LIS"u8));
        Assert.Equal(-1, Fields.IndexOf("Hosts"u8));
    }

    [Fact]
    public void Find_distinguishes_none_one_and_several()
    {
        Assert.Equal(0, Fields.Find("Missing"u8, out ReadOnlySpan<byte> none));
        Assert.True(none.IsEmpty);
        Assert.Equal(1, Fields.Find("empty"u8, out ReadOnlySpan<byte> empty));
        Assert.True(empty.IsEmpty);
        Assert.Equal(1, Fields.Find("host"u8, out ReadOnlySpan<byte> one));
        Assert.True(one.SequenceEqual("a"u8));
        Assert.Equal(2, Fields.Find("x-list"u8, out ReadOnlySpan<byte> first));
        Assert.True(first.SequenceEqual("one , Two"u8));
    }

    [Fact]
    public void All_values_of_a_name_are_enumerated()
    {
        List<string> values = [];
        foreach (ReadOnlySpan<byte> value in Fields.ValuesOf("X-List"u8))
        {
            values.Add(System.Text.Encoding.ASCII.GetString(value));
        }

        Assert.Equal(["one , Two", "three"], values);
    }

    [Theory]
    [InlineData("one", true)]
    [InlineData("TWO", true)]
    [InlineData("three", true)]
    [InlineData("on", false)]
    [InlineData("one , Two", false)]
    [InlineData("four", false)]
    public void Tokens_are_found_in_any_case_and_on_any_line(string token, bool expected) =>
        Assert.Equal(expected, Fields.HasToken("X-List"u8, HeadText.Bytes(token)));

    [Fact]
    public void Text_is_latin_1_and_lines_are_joined()
    {
        Assert.Equal("J\u00FCrgen", Fields.GetString("x-name"));
        Assert.Equal("one , Two, three", Fields.GetString("X-List"));
        Assert.Equal("", Fields.GetString("Empty"));
        Assert.Null(Fields.GetString("Missing"));
    }

    [Fact]
    public void Fields_created_from_pairs_equal_parsed_ones()
    {
        HeaderFields fields = HeaderFields.FromPairs(Fields.ToPairs());

        Assert.Equal(Fields.ToPairs(), fields.ToPairs());
        Assert.Equal(2, fields.IndexOf("X-LIST"u8, from: 2));
    }

    [Fact]
    public void White_space_around_a_value_in_a_pair_is_removed()
    {
        HeaderFields fields = HeaderFields.FromPairs([KeyValuePair.Create("X", " \ta b\t ")]);

        Assert.Equal("a b", fields.GetString("X"));
    }

    [Fact]
    public void Lookups_allocate_nothing()
    {
        HeaderFields fields = Fields;
        fields.HasToken("X-List"u8, "four"u8);

        long before = GC.GetAllocatedBytesForCurrentThread();
        fields.HasToken("X-List"u8, "four"u8);
        fields.Find("Host"u8, out _);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(0, allocated);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\r\n")] // no lines at all is a legal head, but nothing may follow
    [InlineData("X: a")]
    [InlineData("X: a\r\n")]
    [InlineData("X a\r\n\r\n")]
    [InlineData(": a\r\n\r\n")]
    [InlineData("X: a\r\n\r\nmore")]
    [InlineData("\n\n\n")]
    public void Bytes_that_no_reader_has_validated_are_rejected_without_an_exception(string text)
    {
        bool parsed = HeaderFields.TryParse(HeadText.Bytes(text), 0, Verdicts.Lines(), out HeaderFields fields);

        Assert.Equal(text == "\r\n", parsed);
        Assert.Equal(0, fields.Count);
    }

    private static HeaderFields Parse(string lines)
    {
        Assert.True(HeaderFields.TryParse(
            HeadText.Bytes(lines + "\r\n"), 0, Verdicts.Lines(), out HeaderFields fields));
        return fields;
    }
}
