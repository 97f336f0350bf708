namespace Sockeye.Tests;

public sealed class CaseCatalogueTests
{
    private const int SuiteCount = 517;

    [Theory]
    [InlineData("1", 16)]
    [InlineData("2", 11)]
    [InlineData("3", 7)]
    [InlineData("4", 10)]
    [InlineData("5", 20)]
    [InlineData("6", 145)]
    [InlineData("7", 37)]
    [InlineData("9", 54)]
    [InlineData("10", 1)]
    [InlineData("12", 90)]
    [InlineData("13", 126)]
    public void The_group_is_complete(string group, int count)
    {
        int actual = CaseCatalogue.Suite.Count(conformanceCase => conformanceCase.Group == group);

        Assert.Equal(count, actual);
    }

    [Fact]
    public void There_are_no_other_cases() => Assert.Equal(SuiteCount, CaseCatalogue.Suite.Count);

    [Theory]
    [InlineData("6.5", 5)]
    [InlineData("6.6", 11)]
    [InlineData("6.12", 8)]
    [InlineData("6.14", 10)]
    [InlineData("6.21", 8)]
    [InlineData("6.22", 34)]
    [InlineData("6.23", 7)]
    [InlineData("7.7", 13)]
    [InlineData("7.9", 9)]
    [InlineData("9.3", 9)]
    [InlineData("12.5", 18)]
    [InlineData("13.7", 18)]
    public void Cases_of_the_subgroup_are_numbered_from_1(string subgroup, int count)
    {
        IEnumerable<string> ids = CaseCatalogue.Suite
            .Select(conformanceCase => conformanceCase.Id)
            .Where(id => id.StartsWith(subgroup + ".", StringComparison.Ordinal));

        Assert.Equal(Enumerable.Range(1, count).Select(number => $"{subgroup}.{number}"), ids);
    }

    [Fact]
    public void Text_that_must_be_echoed_is_UTF8_and_text_that_must_fail_is_not()
    {
        foreach (ConformanceCase conformanceCase in Group6Utf8Sequences.Cases)
        {
            byte[] text = conformanceCase.Steps.OfType<SendStep>().Single().Frame.Payload;
            bool echoed = conformanceCase.Steps.OfType<ExpectStep>().Single().Kind == PeerEventKind.TextMessage;

            Assert.True(Oracle.IsUtf8(text) == echoed, conformanceCase.ToString());
        }
    }
}
