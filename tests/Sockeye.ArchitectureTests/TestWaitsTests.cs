namespace Sockeye.Tests;

public sealed class TestWaitsTests
{
    [Fact]
    public void No_test_sleeps_or_polls()
    {
        Assert.Empty(RepositoryTree.Files("tests", "*.cs")
            .SelectMany(path => TestWaits.FindViolations(path, RepositoryTree.Read(path))));
    }

    [Fact]
    public void Every_listed_exception_is_a_file_that_waits()
    {
        IEnumerable<string> names = RepositoryTree.Files("tests", "*.cs")
            .Where(path => TestWaits.FindViolations("tests/A/Thing.cs", RepositoryTree.Read(path)).Any())
            .Select(path => Path.GetFileName(path));

        Assert.Equal(
            TestWaits.Exceptions.Keys.Append(Path.GetFileName(TestWaits.PollingFile)).Order(StringComparer.Ordinal),
            names.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("class A { Task F() => Task.Delay(50); }")]
    [InlineData("class A { Task F() => Task.Delay(TimeSpan.FromSeconds(1), token); }")]
    [InlineData("class A { void F() => Thread.Sleep(1); }")]
    [InlineData("class A { void F() => SpinWait.SpinUntil(() => true); }")]
    public void A_sleep_or_a_poll_is_found(string text)
    {
        Assert.Single(TestWaits.FindViolations("tests/A/Thing.cs", text));
    }

    [Theory]
    [InlineData("class A { Task F() => Task.Delay(Timeout.InfiniteTimeSpan, token); }")]
    [InlineData("class A { /* Thread.Sleep(1) */ string Name => \"Task.Delay(1)\"; }")]
    public void An_infinite_delay_and_a_comment_are_not_violations(string text)
    {
        Assert.Empty(TestWaits.FindViolations("tests/A/Thing.cs", text));
    }
}
