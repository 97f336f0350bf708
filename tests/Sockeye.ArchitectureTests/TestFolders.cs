namespace Sockeye.Tests;

/// <summary>The folder of a test has the name of the folder that it tests, so that both are found together.</summary>
internal static class TestFolders
{
    private const string Product = "src/Sockeye/";

    /// <summary>The projects whose folders mirror those of the product, and what of the product each begins at.</summary>
    private static readonly (string Project, string Root)[] Mirrors =
    [
        ("tests/Sockeye.Tests/", Product),
        ("tests/Sockeye.LoopbackTests/", Product),
        ("tests/Sockeye.Protocol.Tests/", Product + "Protocol/"),
    ];

    /// <summary>
    /// The folders that mirror none: doubles, and the depth of the stack, which is a property of several parts together.
    /// </summary>
    private static readonly string[] Others = ["Support", "Depth"];

    /// <summary>Describes every folder of tests that mirrors no folder of the product.</summary>
    /// <param name="tests">The paths of test files.</param>
    /// <param name="sources">The paths of source files.</param>
    public static IEnumerable<string> FindViolations(IEnumerable<string> tests, IEnumerable<string> sources)
    {
        HashSet<string> folders = [.. sources.SelectMany(Ancestors)];
        return
            from test in tests
            from mirror in Mirrors
            where test.StartsWith(mirror.Project, StringComparison.Ordinal)
            let folder = FolderOf(test[mirror.Project.Length..])
            where !Others.Contains(folder) && !folders.Contains(mirror.Root + folder)
            select $"{test} mirrors no folder {mirror.Root}{folder}.";
    }

    private static string FolderOf(string path) => path.LastIndexOf('/') is > 0 and int end ? path[..end] : "";

    private static IEnumerable<string> Ancestors(string path)
    {
        for (int end = path.LastIndexOf('/'); end > 0; end = path.LastIndexOf('/', end - 1))
        {
            yield return path[..end];
        }
    }
}
