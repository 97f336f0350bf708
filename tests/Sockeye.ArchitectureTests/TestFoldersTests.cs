namespace Sockeye.Tests;

public sealed class TestFoldersTests
{
    [Fact]
    public void The_folder_of_a_test_mirrors_the_folder_of_its_subject()
    {
        Assert.Empty(TestFolders.FindViolations(RepositoryTree.Files("tests", "*.cs"), RepositoryTree.Files("src", "*.cs")));
    }

    [Theory]
    [InlineData("tests/Sockeye.Tests/Connections/Sending/QueueTests.cs", true)]
    [InlineData("tests/Sockeye.Tests/Connections/QueueTests.cs", true)]
    [InlineData("tests/Sockeye.Tests/Support/Double.cs", true)]
    [InlineData("tests/Sockeye.Tests/Sending/QueueTests.cs", false)]
    [InlineData("tests/Sockeye.Tests/QueueTests.cs", false)]
    [InlineData("tests/Sockeye.Protocol.Tests/Framing/FrameTests.cs", true)]
    [InlineData("tests/Sockeye.Protocol.Tests/Connections/FrameTests.cs", false)]
    [InlineData("tests/Sockeye.InteropTests/Clients/BrowserTests.cs", true)]
    public void A_folder_without_a_counterpart_is_found(string test, bool mirrors)
    {
        string[] sources = ["src/Sockeye/Connections/Sending/Queue.cs", "src/Sockeye/Protocol/Framing/Frame.cs"];

        Assert.Equal(mirrors, !TestFolders.FindViolations([test], sources).Any());
    }
}
