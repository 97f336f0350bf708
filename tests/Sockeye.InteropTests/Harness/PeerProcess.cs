using System.Diagnostics;
using System.Text;

namespace Sockeye.Tests;

/// <summary>A program that a test started, and that ends with the test at the latest.</summary>
internal sealed class PeerProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task<string> _errors;

    private PeerProcess(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
    }

    public static PeerProcess Start(string program, params IEnumerable<string> arguments) =>
        Start(program, PeerDeflate.AsUsual, arguments);

    public static PeerProcess Start(string program, PeerDeflate deflate, IEnumerable<string> arguments)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
        };
        start.Environment["PEER_DEFLATE"] = deflate switch
        {
            PeerDeflate.Keeping => "keep",
            PeerDeflate.Forgetting => "forget",
            _ => "",
        };
        return new PeerProcess(Process.Start(start)!);
    }

    /// <summary>The next line it prints; if it ends instead, an exception with what it complained of.</summary>
    public async Task<string> ReadLineAsync() =>
        await _process.StandardOutput.ReadLineAsync(Deadline.Token())
        ?? throw new InvalidOperationException($"{_process.StartInfo.FileName} ended: {await _errors}");

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync(Deadline.Token());
        }

        _process.Dispose();
    }
}
