namespace Sockeye.Tests;

public sealed class CSharpSourceTests
{
    [Theory]
    [InlineData("a // Hidden\nb")]
    [InlineData("a /* Hidden\n Hidden */ b")]
    [InlineData("a = \"Hidden \\\" Hidden\"; b")]
    [InlineData("a = @\"Hidden \"\" Hidden\\\"; b")]
    [InlineData("a = \"\"\"\n Hidden \" Hidden\n\"\"\"; b")]
    [InlineData("a = \"\"; /* Hidden */ b")]
    [InlineData("a = $\"Hidden {{Hidden}} {c} Hidden\"; b")]
    [InlineData("a = $$\"\"\"Hidden {Hidden} {{c}} Hidden\"\"\"; b")]
    [InlineData("a = '\"'; /* Hidden */ b = '\\''; // Hidden")]
    [InlineData("a = \"Hidden\"u8; b = 'H';")]
    public void Comments_and_literals_are_removed(string text)
    {
        CSharpSource source = new(text);

        Assert.DoesNotContain("Hidden", source.Identifiers);
        Assert.Contains("a", source.Identifiers);
        Assert.Contains("b", source.Identifiers);
    }

    [Theory]
    [InlineData("a = $\"text {Used} text\";")]
    [InlineData("a = $\"text {(x ? \"inner\" : Used)} text\";")]
    [InlineData("a = $@\"text \"\" {Used:X2} text\";")]
    [InlineData("a = $$\"\"\"text {not} {{Used}} text\"\"\";")]
    public void Code_inside_an_interpolated_string_is_kept(string text)
    {
        CSharpSource source = new(text);

        Assert.Contains("Used", source.Identifiers);
        Assert.DoesNotContain("text", source.Identifiers);
    }

    [Fact]
    public void Declared_types_are_found_with_their_depth()
    {
        CSharpSource source = new("""
            namespace N;

            public sealed class Outer<T> where T : class where U : struct
            {
                private readonly record struct Inner(int A);
            }

            internal delegate int Callback(int a);

            public record Row;
            """);

        Assert.Equal([("Outer", 0), ("Inner", 1), ("Callback", 0), ("Row", 0)], source.DeclaredTypes);
    }
}
