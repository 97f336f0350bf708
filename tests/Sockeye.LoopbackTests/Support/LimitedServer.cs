using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace Sockeye.Tests;

/// <summary>An echo server in a process of its own that may have few descriptors.</summary>
internal sealed class LimitedServer : IDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _log = new();
    private readonly TaskCompletionSource<int> _port = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private LimitedServer(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Read(line.Data);
        process.ErrorDataReceived += (_, line) => Read(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public IPEndPoint EndPoint => new(IPAddress.Loopback, _port.Task.Result);

    /// <summary>The lines of the warnings and errors that it logged, and what the runtime wrote when it ended the process.</summary>
    public IReadOnlyCollection<string> Log => _log;

    /// <summary>How many descriptors it has.</summary>
    public int DescriptorCount => Directory.GetFileSystemEntries($"/proc/{_process.Id}/fd").Length;

    public bool HasExited => _process.HasExited;

    public static async Task<LimitedServer> StartAsync(ServerKind kind, int descriptors)
    {
        string folder = Path.Combine(
            AppContext.BaseDirectory, "..", "..", "Sockeye.LimitedServer", Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)));
        string arguments = (kind.UsesEventLoop() ? "" : "--portable ") + (kind.IsSecure() ? "--tls" : "");
        var start = new ProcessStartInfo("/bin/sh")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList = { "-c", $"ulimit -n {descriptors}; exec \"$0\" {arguments}", Path.Combine(folder, "Sockeye.LimitedServer") },
        };

        // The same as that of the tests, wherever it is.
        start.Environment["DOTNET_ROOT"] = Path.GetFullPath(
            Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", ".."));
        var server = new LimitedServer(Process.Start(start)!);
        await server._port.Task.WithDeadline();
        return server;
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(Deadlines.Deadline))
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private void Read(string? line)
    {
        if (line is null)
        {
            _port.TrySetException(new InvalidOperationException("The server did not start: " + string.Join('\n', _log)));
        }
        else if (int.TryParse(line, CultureInfo.InvariantCulture, out int port))
        {
            _port.TrySetResult(port);
        }
        else
        {
            _log.Enqueue(line);
        }
    }
}
