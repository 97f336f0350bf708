using System.Diagnostics;

namespace Sockeye.Tests;

/// <summary>
/// Finds the programs that peers need. A test whose program is missing is skipped, or fails where
/// <c>SOCKEYE_REQUIRE_PEERS=1</c> promises that <c>peers/install.sh</c> has been run.
/// </summary>
internal static class PeerPrograms
{
    /// <summary>Debian's own, where apt puts python-websockets; another python3 may come first on the PATH.</summary>
    private const string Python = "/usr/bin/python3";

    private static readonly Lazy<bool> PythonHasWebSockets = new(() => Succeeds(Python, "-c", "import websockets"));

    /// <summary>The folder with the peers' scripts, found from where the tests run: below the repository.</summary>
    public static string Folder { get; } = Path.Combine(RepositoryRoot(), "tests", "Sockeye.InteropTests", "peers");

    public static string RequireNode(string module)
    {
        string? node = Find("node");
        Require(node is not null, "node is not on the PATH");
        Require(
            Directory.Exists(Path.Combine(Folder, "node_modules", module)),
            $"the npm package {module} is not installed");
        return node!;
    }

    public static string RequirePython()
    {
        Require(File.Exists(Python) && PythonHasWebSockets.Value, $"{Python} with the module websockets is missing");
        return Python;
    }

    public static string RequireChromium() => Require("chromium");

    /// <summary>Where a program is, which needs no more than to be installed.</summary>
    public static string Require(string program)
    {
        string? path = Find(program);
        Require(path is not null, $"{program} is not on the PATH");
        return path!;
    }

    private static void Require(bool found, string complaint)
    {
        string reason = $"{complaint}: tests/Sockeye.InteropTests/peers/install.sh installs it";
        if (!found && Environment.GetEnvironmentVariable("SOCKEYE_REQUIRE_PEERS") == "1")
        {
            Assert.Fail(reason);
        }

        Assert.SkipUnless(found, reason);
    }

    // Servers are in /usr/sbin, which may be missing in PATH.
    private static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator)
            .Append("/usr/sbin")
            .Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(File.Exists);

    private static bool Succeeds(string program, params string[] arguments)
    {
        using Process process = Process.Start(
            new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        return process.WaitForExit(Deadline.Length) && process.ExitCode == 0;
    }

    private static string RepositoryRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Sockeye.slnx")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new DirectoryNotFoundException("The tests run outside of the repository.");
    }
}
