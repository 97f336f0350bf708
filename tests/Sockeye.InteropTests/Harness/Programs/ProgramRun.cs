namespace Sockeye.Tests;

/// <summary>A program that was run to its end.</summary>
/// <param name="ExitCode">0 if it has nothing to complain of.</param>
/// <param name="Output">What it printed.</param>
/// <param name="Errors">What it complained of.</param>
internal sealed record ProgramRun(int ExitCode, string Output, string Errors)
{
    public static async Task<ProgramRun> RunAsync(string program, string input, params string[] arguments)
    {
        await using PeerProcess process = PeerProcess.Start(PeerPrograms.Require(program), arguments);
        await process.WriteAsync(input);
        string output = await process.ReadToEndAsync();
        return new ProgramRun(await process.EndsAsync(), output, await process.ErrorsAsync());
    }
}
