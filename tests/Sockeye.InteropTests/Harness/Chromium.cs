namespace Sockeye.Tests;

/// <summary>Headless Chromium with a page, in a profile of its own.</summary>
internal sealed class Chromium : IAsyncDisposable
{
    private static readonly string[] Flags =
    [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    ];

    private readonly DirectoryInfo _profile = Directory.CreateTempSubdirectory("sockeye-browser-");
    private readonly PeerProcess _process;

    private Chromium(string page, IEnumerable<string> flags) => _process = PeerProcess.Start(
        PeerPrograms.RequireChromium(), [.. Flags, .. flags, $"--user-data-dir={_profile.FullName}", page]);

    /// <summary>Starts a browser.</summary>
    /// <param name="page">The address of the page.</param>
    /// <param name="flags">What else is on its command line.</param>
    public static Chromium Start(string page, params IEnumerable<string> flags) => new(page, flags);

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        try
        {
            _profile.Delete(recursive: true);
        }
        catch (IOException)
        {
            // A child of the browser that has not quite ended was still writing. The folder is the system's to clear.
        }
    }
}
