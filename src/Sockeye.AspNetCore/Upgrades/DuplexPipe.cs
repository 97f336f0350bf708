using System.IO.Pipelines;

namespace Sockeye.AspNetCore.Upgrades;

/// <summary>Two ends of pipes, as one duplex pipe.</summary>
/// <param name="input">What is read from.</param>
/// <param name="output">What is written to.</param>
internal sealed class DuplexPipe(PipeReader input, PipeWriter output) : IDuplexPipe
{
    private static readonly StreamPipeReaderOptions Reading = new(leaveOpen: true, useZeroByteReads: true);
    private static readonly StreamPipeWriterOptions Writing = new(leaveOpen: true);

    /// <inheritdoc/>
    public PipeReader Input { get; } = input;

    /// <inheritdoc/>
    public PipeWriter Output { get; } = output;

    /// <summary>A pipe over a stream, which is not disposed of. While it waits for input it holds no buffer.</summary>
    public static DuplexPipe Over(Stream stream) => new(PipeReader.Create(stream, Reading), PipeWriter.Create(stream, Writing));

    /// <summary>Two pipes in memory: what is written into one is read from the other.</summary>
    public static (DuplexPipe, DuplexPipe) CreatePair()
    {
        var forth = new Pipe();
        var back = new Pipe();
        return (new DuplexPipe(back.Reader, forth.Writer), new DuplexPipe(forth.Reader, back.Writer));
    }
}
