using System.Diagnostics;
using System.Reflection;

namespace Sockeye.Tests;

/// <summary>
/// A code block of a page that begins with <c>using Sockeye;</c>: the Program.cs of a new console project, compiled and run as
/// it stands, but for the port.
/// </summary>
internal sealed class WholeProgram : IDisposable
{
    private const string FirstLine = "using Sockeye;";
    private const string Port = "8080";

    // What `dotnet new console` compiles beside Program.cs: ImplicitUsings.
    private const string GlobalUsings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        """;

    // The library and what its packages depend on, wherever this test has them from.
    private static readonly string[] Libraries =
    [
        .. ((string[])["Sockeye", "Microsoft.Extensions.Logging.Abstractions", "Polly.Core"])
            .Select(name => Assembly.Load(name).Location),
    ];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sockeye-program-");

    private WholeProgram(string text, int port) =>
        File.WriteAllText(PathOf("Program.cs"), text.Replace(Port, $"{port}", StringComparison.Ordinal));

    public static bool Is(string codeBlock) => codeBlock.StartsWith(FirstLine, StringComparison.Ordinal);

    /// <summary>Compiles a program with the SDK's compiler, without a restore.</summary>
    /// <exception cref="InvalidOperationException">It does not compile, or with a warning.</exception>
    public static async Task<WholeProgram> CompileAsync(string text, int port)
    {
        var program = new WholeProgram(text, port);
        await File.WriteAllTextAsync(program.PathOf("GlobalUsings.cs"), GlobalUsings);
        string framework = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        IEnumerable<string> references =
            Directory.EnumerateFiles(framework, "*.dll").Where(IsManaged)
                .Concat(Libraries);
        await File.WriteAllLinesAsync(
            program.PathOf("compile.rsp"),
            [
                "-nologo", "-target:exe", "-langversion:14", "-nullable:enable", "-warnaserror",
                $"-out:\"{program.PathOf("program.dll")}\"", .. references.Select(path => $"-reference:\"{path}\""),
                $"\"{program.PathOf("Program.cs")}\"", $"\"{program.PathOf("GlobalUsings.cs")}\"",
            ]);
        using Process compiler = Start(await FindCompilerAsync(), "-noconfig", $"@{program.PathOf("compile.rsp")}");
        string output = await compiler.StandardOutput.ReadToEndAsync() + await compiler.StandardError.ReadToEndAsync();
        await compiler.WaitForExitAsync();
        if (compiler.ExitCode != 0)
        {
            program.Dispose();
            throw new InvalidOperationException($"{output}\n{text}");
        }

        foreach (string path in Libraries)
        {
            File.Copy(path, program.PathOf(Path.GetFileName(path)));
        }

        File.Copy(
            Path.ChangeExtension(typeof(WholeProgram).Assembly.Location, ".runtimeconfig.json"),
            program.PathOf("program.runtimeconfig.json"));
        return program;
    }

    /// <summary>Runs it; its output can be read.</summary>
    /// <remarks>
    /// It ends on SIGINT even if this process ignores the signal, as background jobs of a shell do: a child inherits that, and .NET keeps it.
    /// </remarks>
    public Process Run() => IgnoresInterrupt()
        ? StartProgram("env", "--default-signal=INT", "dotnet", PathOf("program.dll"))
        : Start(PathOf("program.dll"));

    public void Dispose() => _folder.Delete(recursive: true);

    private static bool IgnoresInterrupt()
    {
        const string Ignored = "SigIgn:";
        const ulong Interrupt = 1 << 1; // signal 2
        return OperatingSystem.IsLinux()
            && File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith(Ignored, StringComparison.Ordinal)) is { } line
            && (Convert.ToUInt64(line[Ignored.Length..].Trim(), 16) & Interrupt) != 0;
    }

    private static Process Start(params string[] arguments) => StartProgram("dotnet", arguments);

    private static Process StartProgram(string program, params string[] arguments) => Process.Start(new ProcessStartInfo(program, arguments)
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        UseShellExecute = false,
    })!;

    private static async Task<string> FindCompilerAsync()
    {
        using Process sdks = Start("--list-sdks");
        string last = (await sdks.StandardOutput.ReadToEndAsync()).Trim().Split('\n')[^1];

        // "10.0.100 [/usr/share/dotnet/sdk]"
        string[] parts = last.Trim().Split(' ', 2);
        return Path.Combine(parts[1].Trim('[', ']'), parts[0], "Roslyn", "bincore", "csc.dll");
    }

    private static bool IsManaged(string path)
    {
        try
        {
            _ = AssemblyName.GetAssemblyName(path);
            return true;
        }
        catch (BadImageFormatException)
        {
            return false;
        }
    }

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);
}
