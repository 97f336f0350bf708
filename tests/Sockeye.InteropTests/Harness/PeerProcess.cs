using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Sockeye.Tests;

/// <summary>A program started by a test, which ends with the test at the latest.</summary>
internal sealed partial class PeerProcess : IAsyncDisposable
{
    private static readonly TimeSpan BetweenTries = TimeSpan.FromMilliseconds(10);

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

    /// <summary>The next line of its output; if it ends instead, an exception with its error output.</summary>
    public async Task<string> ReadLineAsync() =>
        await _process.StandardOutput.ReadLineAsync(Deadline.Token())
        ?? throw new InvalidOperationException($"{_process.StartInfo.FileName} ended: {await _errors}");

    /// <summary>Its output until it ends.</summary>
    public async Task<string> ReadToEndAsync() => await _process.StandardOutput.ReadToEndAsync(Deadline.Token());

    /// <summary>Its error output, after it has ended.</summary>
    public Task<string> ErrorsAsync() => _errors.WaitAsync(Deadline.Length);

    /// <summary>Writes a part of its standard input, at once.</summary>
    public async Task SendAsync(ReadOnlyMemory<byte> input)
    {
        await _process.StandardInput.BaseStream.WriteAsync(input, Deadline.Token());
        await _process.StandardInput.BaseStream.FlushAsync(Deadline.Token());
    }

    /// <summary>Reads its output up to a text.</summary>
    /// <returns>What was before it since the last call, and the text.</returns>
    public async Task<string> ReadUntilAsync(string text)
    {
        StringBuilder output = new();
        char[] next = new char[1];
        while (!EndsWith(output, text))
        {
            int length = await _process.StandardOutput.ReadAsync(next, Deadline.Token());
            output.Append(length == 0 ? throw new InvalidOperationException($"It ended: {output}{await _errors}") : next[0]);
        }

        return output.ToString();

        static bool EndsWith(StringBuilder output, string text) =>
            output.Length >= text.Length && output.ToString(output.Length - text.Length, text.Length) == text;
    }

    /// <summary>Writes all of its standard input.</summary>
    public async Task WriteAsync(string input)
    {
        await _process.StandardInput.WriteAsync(input.AsMemory(), Deadline.Token());
        _process.StandardInput.Close();
    }

    /// <summary>Waits until it accepts connections on a port of 127.0.0.1.</summary>
    public async Task ListensAsync(int port)
    {
        using PeriodicTimer tries = new(BetweenTries);
        while (!await AcceptsAsync(port))
        {
            if (_process.HasExited)
            {
                throw new InvalidOperationException($"{_process.StartInfo.FileName} ended: {await _errors}");
            }

            await tries.WaitForNextTickAsync(Deadline.Token());
        }
    }

    /// <summary>Waits until no process accepts connections on a port of 127.0.0.1.</summary>
    public static async Task RefusesAsync(int port)
    {
        using PeriodicTimer tries = new(BetweenTries);
        while (await AcceptsAsync(port))
        {
            await tries.WaitForNextTickAsync(Deadline.Token());
        }
    }

    /// <summary>Sends it a signal.</summary>
    public void Signal(int signal) => Assert.Equal(0, Kill(_process.Id, signal));

    /// <summary>Waits until it has ended by itself.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> EndsAsync()
    {
        await _process.WaitForExitAsync(Deadline.Token());
        return _process.ExitCode;
    }

    /// <summary>Kills it, so that it cannot close its connections.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync(Deadline.Token());
        }
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
    }

    private static async Task<bool> AcceptsAsync(int port)
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), Deadline.Token());
            return true;
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
