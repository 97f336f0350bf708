using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Sockeye.Tests;

/// <summary>Both ends on a platform without zlib, in a separate process, since a process loads zlib once.</summary>
public sealed class MissingZlibTests
{
    private const int CompressionUnavailable = 209;

    // A process that looks through all tests before it runs one takes its time on a busy machine.
    private static readonly TimeSpan ProcessDeadline = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task Everything_but_compression_works_without_zlib()
    {
        string program = Path.ChangeExtension(
            typeof(MissingZlibTests).Assembly.Location, OperatingSystem.IsWindows() ? ".exe" : null);
        var start = new ProcessStartInfo(program, ["--explicit", "on", "--filter-method", $"*.{nameof(Server_and_client_work_in_a_process_without_zlib)}"])
        {
            RedirectStandardOutput = true,
        };

        using Process process = Process.Start(start)!;
        try
        {
            string output = await process.StandardOutput.ReadToEndAsync().WaitAsync(ProcessDeadline);
            await process.WaitForExitAsync().WithDeadline();

            Assert.True(process.ExitCode == 0 && output.Contains("succeeded: 1", StringComparison.Ordinal), output);
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }

    [Fact(Explicit = true)] // run by the other, which has a process for it
    public async Task Server_and_client_work_in_a_process_without_zlib()
    {
        NativeLibrary.SetDllImportResolver(
            typeof(WebSocketServer).Assembly,
            static (name, _, _) => name.Contains("Compression", StringComparison.Ordinal)
                ? throw new DllNotFoundException(name)
                : 0);
        var serverLog = new CapturingLoggerFactory();
        var clientLog = new CapturingLoggerFactory();
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            Compression = PerMessageDeflateOptions.Default,
            LoggerFactory = serverLog,
        });

        for (int count = 0; count < 3; count++)
        {
            await using WebSocketConnection client = await WebSocketClient.ConnectAsync(
                server.Address(), new WebSocketClientOptions { LoggerFactory = clientLog }).WithDeadline();
            Assert.Equal("", client.Extensions);
            await client.SendAsync(Payloads.Text(2_000)).WithDeadline();
            Assert.True((await client.ReceiveMessageAsync().WithDeadline()).Payload.Span.SequenceEqual(Payloads.Text(2_000)));
        }

        Assert.Single(serverLog.Entries, entry => entry.EventId == CompressionUnavailable);
        Assert.Single(clientLog.Entries, entry => entry.EventId == CompressionUnavailable);
    }
}
