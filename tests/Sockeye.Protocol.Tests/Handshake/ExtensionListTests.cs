namespace Sockeye.Protocol.Tests;

/// <summary>The "Extensions header" part of the checklist, line by line, and what it omits.</summary>
public sealed class ExtensionListTests
{
    [Fact]
    public void One_extension_without_parameters_is_read() => Assert.Equal("foo", Describe("foo")); // 1

    [Fact]
    public void Parameters_with_and_without_values_are_read() => // 2
        Assert.Equal("foo;bar;baz=1;bar=2", Describe("foo;bar;baz=1;bar=2"));

    [Fact]
    public void Several_extensions_including_repeated_names_are_read() => // 3
        Assert.Equal("foo|bar;baz|foo;baz|bar;baz=1", Describe("foo,bar;baz,foo;baz,bar;baz=1"));

    [Theory] // 4
    [InlineData("foo;bar=\"hi\"", "foo;bar=hi")]
    [InlineData("foo;bar=\"h\\i\"", "foo;bar=hi")]
    [InlineData("foo;bar=\"\\h\\i\";baz=\"1\"", "foo;bar=hi;baz=1")]
    public void Quoted_values_with_escapes_are_read(string value, string expected) => Assert.Equal(expected, Describe(value));

    [Fact]
    public void Names_of_JavaScript_object_members_are_ordinary_names() => // 5
        Assert.Equal(
            "hasOwnProperty;toString|__proto__;constructor=1",
            Describe("hasOwnProperty;toString,__proto__;constructor=1"));

    [Fact]
    public void Optional_white_space_is_accepted_around_separators() => // 6
        Assert.Equal("foo;bar;baz=1;bar=1|qux;norf", Describe("foo; bar\t; \tbaz=1\t ;  bar=\"1\"\t\t, \tqux\t ;norf"));

    [Theory] // RFC 6455 §9.1 with the implied white space of RFC 2616 §2.1
    [InlineData("foo;bar =1")]
    [InlineData("foo;bar= 1")]
    [InlineData("foo;bar\t=\t1")]
    [InlineData("foo ; bar \t = \t 1 ")]
    [InlineData("foo;bar =\"1\"")]
    [InlineData("foo;bar= \"1\"")]
    [InlineData("foo;bar \t=\t \"\\1\" ")]
    public void Optional_white_space_is_accepted_around_the_equals_sign(string value) =>
        Assert.Equal("foo;bar=1", Describe(value));

    [Theory] // RFC 9110 §5.6.1.2
    [InlineData("foo,")]
    [InlineData("foo, ")]
    [InlineData(",foo")]
    [InlineData(" ,\t, foo")]
    [InlineData("foo,,")]
    [InlineData("foo,  ,\t")]
    public void Empty_list_elements_are_skipped(string value) => Assert.Equal("foo", Describe(value));

    [Fact]
    public void Empty_list_elements_are_skipped_between_others_and_on_separate_lines()
    {
        Assert.Equal("foo;bar|baz", Describe("foo;bar,,baz"));
        Assert.Equal("foo;bar|baz", Describe("foo;bar, ,\t, baz,"));
        Assert.Equal("foo|baz", Describe("", "foo", ",", "baz"));
    }

    [Theory] // 7
    [InlineData("")]
    [InlineData(" ")]
    [InlineData(",")]
    [InlineData(" , \t,")]
    [InlineData(";")]
    [InlineData("foo;;")]
    [InlineData("foo; ;")]
    [InlineData("foo;,bar")]
    [InlineData(",;foo")]
    [InlineData("foo;=")]
    [InlineData("foo;= 1")]
    [InlineData("foo;bar=;")]
    [InlineData("foo;bar= ,baz")]
    [InlineData("foo;bar=\"\"")]
    public void Empty_name_is_rejected(string value) => AssertRefused(value);

    [Fact]
    public void Several_lines_without_an_extension_are_rejected() => AssertRefused("", ",");

    [Theory] // 8
    [InlineData("f oo")]
    [InlineData("foo;ba r")]
    [InlineData("foo =1")]
    [InlineData("foo;bar = 1 2")]
    [InlineData("foo;bar = = 1")]
    [InlineData("foo;bar=ba z")]
    [InlineData("foo;bar=\"b z\"")]
    [InlineData("foo;bar=\" 1\"")]
    [InlineData("foo;bar=\"1 \"")]
    public void Misplaced_white_space_is_rejected(string value) => AssertRefused(value);

    [Fact]
    public void Illegal_token_characters_are_rejected() // 9
    {
        foreach (char c in "\"()/:<=>?@[\\]{}\u00E4\u00FF")
        {
            AssertRefused($"f{c}o");
            AssertRefused($"foo;b{c}{c}r");
            AssertRefused($"foo;bar=b{c}z");
            AssertRefused($"foo;bar=\"b{c}{c}z\"");
        }
    }

    [Theory] // 10
    [InlineData("foo;")]
    [InlineData("foo;bar; ")]
    [InlineData("foo;bar=")]
    [InlineData("foo;bar= ")]
    [InlineData("foo;bar=\"")]
    [InlineData("foo;bar=\"baz")]
    [InlineData("foo;bar=\"1\\")]
    [InlineData("foo;bar=\"1\\\"")]
    public void Truncated_header_is_rejected(string value) => AssertRefused(value);

    [Fact]
    public void One_extension_is_formatted() => Assert.Equal("foo", ExtensionList.Format([new("foo", [])])); // 11

    [Fact]
    public void Parameters_are_formatted() => // 12
        Assert.Equal("foo; bar; baz=1", ExtensionList.Format([new("foo", [new("bar", null), new("baz", "1")])]));

    [Fact]
    public void Several_extensions_are_formatted() => // 13
        Assert.Equal(
            "foo; bar, foo, qux; a=b",
            ExtensionList.Format([new("foo", [new("bar", null)]), new("foo", []), new("qux", [new("a", "b")])]));

    [Fact]
    public void Several_lines_form_one_list() => Assert.Equal("a|b;c|a", Describe("a", "b;c, a")); // EX-17

    [Fact]
    public void Without_a_header_there_are_no_extensions() => Assert.Equal("", Describe());

    [Fact]
    public void Names_keep_their_case() => // EX-03: compared by the caller, exactly
        Assert.Equal("Permessage-Deflate|permessage-deflateX", Describe("Permessage-Deflate, permessage-deflateX"));

    [Fact]
    public void Validation_allocates_nothing_and_agrees_with_parsing()
    {
        HeaderFields headers = Headers("permessage-deflate; client_max_window_bits, foo; bar=\"b\\az\"");
        ExtensionList.IsValid(headers);

        long before = GC.GetAllocatedBytesForCurrentThread();
        bool isValid = ExtensionList.IsValid(headers);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.True(isValid);
        Assert.Equal(0, allocated);
    }

    [Fact]
    public void Random_lists_are_validated_and_parsed_consistently_and_read_back()
    {
        const string alphabet = "ab,;=\"\\ \t/";
        var random = new Random(6455);
        int valid = 0;

        for (int iteration = 0; iteration < 50_000; iteration++)
        {
            string value = string.Concat(
                Enumerable.Range(0, random.Next(1, 12)).Select(_ => alphabet[random.Next(alphabet.Length)]));
            HeaderFields headers = Headers(value);

            bool parsed = ExtensionList.TryParse(headers, out IReadOnlyList<Extension> extensions);

            Assert.Equal(parsed, ExtensionList.IsValid(headers));
            if (parsed)
            {
                valid++;
                Assert.True(ExtensionList.IsValid(extensions), value);
                Assert.Equal(Describe(extensions), Describe(ExtensionList.Format(extensions)));
            }
        }

        Assert.True(valid > 1_000, $"only {valid} lists are valid");
    }

    private static string Describe(params string[] values)
    {
        Assert.True(ExtensionList.TryParse(Headers(values), out IReadOnlyList<Extension> extensions));
        Assert.True(ExtensionList.IsValid(Headers(values)));
        return Describe(extensions);
    }

    private static string Describe(IReadOnlyList<Extension> extensions) => string.Join('|',
        extensions.Select(extension =>
        extension.Name + string.Concat(extension.Parameters.Select(parameter =>
            ";" + parameter.Name + (parameter.Value is null ? "" : "=" + parameter.Value)))));

    private static void AssertRefused(params string[] values)
    {
        Assert.False(ExtensionList.TryParse(Headers(values), out IReadOnlyList<Extension> extensions), values[0]);
        Assert.False(ExtensionList.IsValid(Headers(values)));
        Assert.Empty(extensions);
    }

    private static HeaderFields Headers(params string[] values) =>
        HeaderFields.FromPairs(values.Select(value => KeyValuePair.Create("Sec-WebSocket-Extensions", value)));
}
