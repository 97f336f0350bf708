using System.Diagnostics;

namespace Sockeye.Tests;

/// <summary>What a program without a logger shows of its failures, and how to silence it.</summary>
public sealed class DefaultLogTests
{
    // Three faults of a newcomer: a handler that throws, a page of an origin that is not allowed, a certificate without its key.
    private const string Program = """
        using System.Net.Security;
        using System.Security.Cryptography;
        using System.Security.Cryptography.X509Certificates;
        using Sockeye;

        var plain = new WebSocketServerOptions { SILENCE };
        await using var server = await WebSocketServer.StartAsync(plain, async (connection, cancellation) =>
        {
            await connection.ReceiveAsync(cancellation);
            throw new InvalidOperationException("a fault of the application");
        });
        await using (var client = await WebSocketClient.ConnectAsync($"ws://localhost:{server.Port}/"))
        {
            await client.SendAsync("something");
            await client.Closed;
        }

        try
        {
            await WebSocketClient.ConnectAsync($"ws://localhost:{server.Port}/", new() { Origin = "https://pages.example" });
        }
        catch (WebSocketHandshakeException exception)
        {
            Console.WriteLine(exception.StatusCode);
        }

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        using X509Certificate2 whole = request.CreateSelfSigned(DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddDays(1));
        using X509Certificate2 withoutKey = X509CertificateLoader.LoadCertificate(whole.RawData);
        var keyless = new SslServerAuthenticationOptions { ServerCertificate = withoutKey };
        try
        {
            await WebSocketServer.StartAsync(new() { Tls = keyless }, (_, _) => Task.CompletedTask);
        }
        catch (ArgumentException exception)
        {
            Console.WriteLine(exception.Message.Contains("has no private key"));
        }

        var secure = new WebSocketServerOptions { SelectTls = (_, _) => ValueTask.FromResult(keyless), SILENCE };
        await using var secureServer = await WebSocketServer.StartAsync(secure, (_, _) => Task.CompletedTask);
        try
        {
            await WebSocketClient.ConnectAsync($"wss://localhost:{secureServer.Port}/");
        }
        catch (WebSocketHandshakeException exception)
        {
            Console.WriteLine(exception.Error);
        }

        Console.WriteLine("end");
        """;

    [Fact]
    public async Task Application_failures_and_rejected_origins_are_written_without_a_logger()
    {
        string[] errors = await RunAsync("");

        Assert.Contains(errors, line => line.StartsWith("Sockeye.Server error 203: Failed connection ", StringComparison.Ordinal));
        Assert.Contains(errors, line => line.Contains("a fault of the application", StringComparison.Ordinal));
        Assert.Contains(errors, line => line.StartsWith("Sockeye.Server warning 101: ", StringComparison.Ordinal));
        Assert.Contains(errors, line => line.StartsWith("Sockeye.Server error 103: ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("LoggerFactory = Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance", "")]
    [InlineData("", """AppContext.SetSwitch("Sockeye.LogToStandardError", false);""")]
    public async Task A_null_logger_or_the_switch_silences_the_default_log(string option, string first)
    {
        Assert.Empty(await RunAsync(option, first));
    }

    private static async Task<string[]> RunAsync(string option, string first = "")
    {
        using WholeProgram program = await WholeProgram.CompileAsync(
            Program.Replace("SILENCE", option, StringComparison.Ordinal)
                .Replace("using Sockeye;", "using Sockeye;\n" + first, StringComparison.Ordinal),
            port: 0);
        using Process process = program.Run();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(60));
        await process.WaitForExitAsync();
        string[] lines = (await errors).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(["403", "True", "TlsFailed", "end"], output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        return lines;
    }
}
