// Micro-benchmarks of the wire layer: one class per subject, each with its slow twin as the baseline.
//
//   dotnet run -c Release --project benchmarks/Sockeye.Benchmarks -- --filter '*Masking*'
//   dotnet run -c Release --project benchmarks/Sockeye.Benchmarks -- --list flat

using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Perfolizer.Horology;

// In-process, because the usual toolchain generates a project that ignores central package versions. Many short iterations,
// because other load on the machine affects the mean but not the minimum.
Job job = Job.Default
    .WithToolchain(InProcessEmitToolchain.Instance)
    .WithWarmupCount(20)
    .WithIterationCount(40)
    .WithIterationTime(TimeInterval.FromMilliseconds(8));

IConfig config = DefaultConfig.Instance
    .AddJob(job)
    .AddColumn(StatisticColumn.Min)
    .HideColumns(
        Column.Job, Column.Toolchain, Column.IterationCount, Column.WarmupCount, Column.IterationTime, Column.RatioSD,
        Column.Error, Column.StdDev, Column.Median, Column.AllocRatio)
    .WithArtifactsPath(Path.Combine("artifacts", "benchmarks"));

BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, config);
