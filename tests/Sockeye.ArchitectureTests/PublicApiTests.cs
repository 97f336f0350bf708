using System.Reflection;

namespace Sockeye.Tests;

public sealed class PublicApiTests
{
    [Theory]
    [InlineData("Sockeye")]
    [InlineData("Sockeye.AspNetCore")]
    [InlineData("Sockeye.Hosting")]
    [InlineData("Sockeye.Testing")]
    public void Public_surface_matches_the_recorded_snapshot(string assemblyName)
    {
        string recordedPath = Path.Combine(
            RepositoryTree.Root, "tests", "Sockeye.ArchitectureTests", "PublicApi", assemblyName + ".txt");

        string actual = PublicApi.Describe(Assembly.Load(assemblyName));
        if (Environment.GetEnvironmentVariable("SOCKEYE_RECORD_PUBLIC_API") == "1")
        {
            File.WriteAllText(recordedPath, actual);
        }

        Assert.Equal(File.ReadAllText(recordedPath), actual);
    }

    [Fact]
    public void Description_reads_like_the_declarations()
    {
        string[] expected =
        [
            "public abstract class Sockeye.Tests.Sample<T> : System.IDisposable where T : class, new()",
            "    public const int Limit = 5",
            "    public Sample(string name, params byte[] rest)",
            "    public string Name { get; init; }",
            "    public static Sample<T>? Create(System.TimeSpan? delay = null, SampleKind kind = SampleKind.Second)",
            "    public virtual void Dispose()",
            "    public bool TryTake(System.ReadOnlySpan<byte> source, out int taken, in T key)",
            "    public System.Threading.Tasks.ValueTask<TValue> UseAsync<TValue>(TValue value) where TValue : struct",
            "    protected abstract void Work()",
        ];

        Assert.Equal(expected, PublicApi.DescribeType(typeof(Sample<>)));
    }

    [Fact]
    public void Description_of_an_enum_has_its_values()
    {
        Assert.Equal(
            ["public enum Sockeye.Tests.SampleKind", "    First = 0", "    Second = 7"], PublicApi.DescribeType(typeof(SampleKind)));
    }

    public enum SampleKind
    {
        First,
        Second = 7,
    }

#pragma warning disable CA1000, CA1063, CA1816, CA1062 // The shapes are what is looked at; nothing here runs.
    public abstract class Sample<T> : IDisposable
        where T : class, new()
    {
        public const int Limit = 5;

        protected Sample()
            : this("")
        {
        }

        public Sample(string name, params byte[] rest) => Name = name + rest.Length;

        public string Name { get; init; }

        internal int Hidden { get; set; }

        public static Sample<T>? Create(TimeSpan? delay = null, SampleKind kind = SampleKind.Second) => null;

        public virtual void Dispose()
        {
        }

        public bool TryTake(ReadOnlySpan<byte> source, out int taken, in T key) =>
            (taken = source.Length) > 0 && key is not null;

        public ValueTask<TValue> UseAsync<TValue>(TValue value)
            where TValue : struct => ValueTask.FromResult(value);

        protected abstract void Work();
    }
#pragma warning restore CA1000, CA1063, CA1816, CA1062
}
