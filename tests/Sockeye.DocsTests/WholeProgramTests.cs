using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Sockeye.Tests;

/// <summary>The programs of the pages work for a reader who copies them into a new project.</summary>
public sealed class WholeProgramTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Every_whole_program_of_the_pages_compiles()
    {
        string[] programs = [.. MarkdownPage.All()
            .SelectMany(page => page.CodeBlocks)
            .Select(block => block.Text)
            .Where(WholeProgram.Is)
            .Distinct()];

        Assert.NotEmpty(programs);
        foreach (string text in programs)
        {
            using WholeProgram program = await WholeProgram.CompileAsync(text, port: 8080);
        }
    }

    [Fact]
    public async Task The_programs_of_the_readme_exchange_messages_until_a_signal_ends_the_server()
    {
        string[] texts = ProgramsOfTheReadme();
        string[] servers = [.. texts.Where(text => text.Contains("RunAsync", StringComparison.Ordinal))];
        string clientText = Assert.Single(texts.Except(servers));
        int port = FreePort();
        using WholeProgram clientProgram = await WholeProgram.CompileAsync(clientText, port);

        Assert.Equal(2, servers.Length);
        foreach (string text in servers)
        {
            using WholeProgram serverProgram = await WholeProgram.CompileAsync(text, port);
            using Process server = serverProgram.Run();
            try
            {
                Assert.Equal($"Listening on port {port}; Ctrl+C stops the server.", await NextLineAsync(server));
                using Process client = clientProgram.Run();

                Assert.Equal("something", await NextLineAsync(client));
                await client.WaitForExitAsync().WaitAsync(Deadline);
                Assert.Equal(0, client.ExitCode);
                Assert.False(server.HasExited);
                Assert.SkipUnless(OperatingSystem.IsLinux(), "Signals are sent on Linux alone.");
                Signal(server, PosixSignal.SIGINT);
                await server.WaitForExitAsync().WaitAsync(Deadline);
                Assert.Equal(0, server.ExitCode);
            }
            finally
            {
                server.Kill();
            }
        }
    }

    // SIGINT, then SIGTERM, and the other way round: the first stops the server in order, the second doesn't wait.
    [Theory]
    [InlineData(PosixSignal.SIGINT)]
    [InlineData(PosixSignal.SIGTERM)]
    public async Task A_signal_closes_connections_with_1001_and_a_second_one_ends_the_process_at_once(PosixSignal first)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Signals are sent on Linux alone.");
        int port = FreePort();
        using WholeProgram program = await WholeProgram.CompileAsync(ProgramsOfTheReadme()[0], port);
        using Process server = program.Run();
        try
        {
            await NextLineAsync(server);
            await using WebSocketConnection polite = await WebSocketClient.ConnectAsync($"ws://localhost:{port}/");

            // Never answers the Close frame, so that the stop would take the close timeout of 5 seconds.
            using TcpClient mute = await ConnectRawAsync(port);

            Signal(server, first);

            Assert.Equal(WebSocketCloseCode.GoingAway, (await polite.Closed.WaitAsync(Deadline)).Code);
            Assert.False(server.HasExited);
            Signal(server, first == PosixSignal.SIGINT ? PosixSignal.SIGTERM : PosixSignal.SIGINT);
            await server.WaitForExitAsync().WaitAsync(Deadline);
            Assert.NotEqual(0, server.ExitCode);
        }
        finally
        {
            server.Kill();
        }
    }

    [Fact]
    public async Task A_token_stops_a_running_server_gracefully()
    {
        await using WebSocketServer server = await WebSocketServer.StartAsync(0, new Echo());
        await using WebSocketConnection client = await WebSocketClient.ConnectAsync($"ws://localhost:{server.Port}/");
        using var source = new CancellationTokenSource();
        Task running = server.RunAsync(new() { CloseReason = "bye" }, source.Token);
        Assert.False(running.IsCompleted);

        await source.CancelAsync();
        await running.WaitAsync(Deadline);

        Assert.Equal("bye", (await client.Closed.WaitAsync(Deadline)).Reason);
        Assert.True(server.Completion.IsCompleted);
    }

    [Fact]
    public async Task RunAsync_ends_when_the_server_is_stopped_elsewhere()
    {
        await using WebSocketServer server = await WebSocketServer.StartAsync(0, new Echo());
        Task running = server.RunAsync();
        Assert.False(running.IsCompleted);

        await server.StopAsync();

        await running.WaitAsync(Deadline);
    }

    private static string[] ProgramsOfTheReadme() =>
        [.. MarkdownPage.Read("README.md").CodeBlocks.Select(block => block.Text).Where(WholeProgram.Is)];

    private static async Task<string?> NextLineAsync(Process process) =>
        await process.StandardOutput.ReadLineAsync().WaitAsync(Deadline)
            ?? throw new InvalidOperationException(await process.StandardError.ReadToEndAsync());

    private static void Signal(Process process, PosixSignal signal)
    {
        string name = signal == PosixSignal.SIGINT ? "-INT" : "-TERM";
        using Process kill = Process.Start("kill", [name, $"{process.Id}"]);
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }

    private static async Task<TcpClient> ConnectRawAsync(int port)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        await client.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes(
            $"GET / HTTP/1.1\r\nHost: localhost:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"));
        byte[] first = new byte[12];
        await client.GetStream().ReadExactlyAsync(first);
        Assert.Equal("HTTP/1.1 101"u8.ToArray(), first);
        return client;
    }

    // The programs name their port, so that one has to be found for them before they run.
    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.IPv6Any, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
