using System.Reflection;
using System.Runtime.CompilerServices;

namespace Sockeye.Tests;

public sealed class LayeringTests
{
    [Fact]
    public void The_protocol_has_no_io_clock_thread_lock_log_or_state()
    {
        Assert.Empty(ProductSources()
            .Where(file => file.Key.StartsWith(ProtocolPurity.Folder + "/", StringComparison.Ordinal))
            .SelectMany(file => ProtocolPurity.FindViolations(file.Key, file.Value)));
    }

    [Theory]
    [InlineData("using System.IO.Pipelines; class Reader;")]
    [InlineData("using Sockeye.Transports; class Reader;")]
    [InlineData("class Reader { void Read(Stream stream) { } }")]
    [InlineData("class Reader { async void Read() { } }")]
    [InlineData("class Reader { void Read() { lock (this) { } } }")]
    [InlineData("class Reader { long Now => System.Diagnostics.Stopwatch.GetTimestamp(); }")]
    [InlineData("class Reader { long Now => Environment.TickCount64; }")]
    [InlineData("class Reader { byte[] Rent() => ArrayPool<byte>.Shared.Rent(1); }")]
    [InlineData("class Reader\n{\n    private static int count;\n}")]
    [InlineData("class Reader\n{\n    private static List<int> all = [];\n}")]
    public void A_forbidden_use_in_the_protocol_layer_is_found(string text)
    {
        Assert.NotEmpty(ProtocolPurity.FindViolations("src/Sockeye/Protocol/Reader.cs", text));
    }

    [Theory]
    [InlineData("using System.Buffers.Binary; class Reader { /* no Stream */ string Name => \"Stream\"; }")]
    [InlineData("class Reader\n{\n    private static readonly int[] Table = [];\n    public static int Read() => 1;\n}")]
    [InlineData("class Reader\n{\n    public static Reader None { get; } = new();\n    private const int Most = 1;\n}")]
    public void An_allowed_use_in_the_protocol_layer_is_not_a_violation(string text)
    {
        Assert.Empty(ProtocolPurity.FindViolations("src/Sockeye/Protocol/Reader.cs", text));
    }

    [Fact]
    public void Sockeye_references_only_the_runtime_the_logging_interfaces_and_the_retry_strategy()
    {
        string[] allowed = ["Microsoft.Extensions.Logging.Abstractions", "Polly.Core"];

        IEnumerable<string> others = ReferencesOf(Assembly.Load("Sockeye"))
            .Where(name => !name.StartsWith("System.", StringComparison.Ordinal))
            .Except(allowed);

        Assert.Empty(others);
    }

    [Fact]
    public void The_test_kit_uses_only_the_public_surface_of_Sockeye()
    {
        IEnumerable<string> others = ReferencesOf(Assembly.Load("Sockeye.Testing"))
            .Where(name => !name.StartsWith("System.", StringComparison.Ordinal));
        IEnumerable<string> friends = Assembly.Load("Sockeye")
            .GetCustomAttributes<InternalsVisibleToAttribute>()
            .Select(friend => friend.AssemblyName);

        Assert.Equal(["Sockeye"], others);
        Assert.DoesNotContain("Sockeye.Testing", friends);
    }

    [Fact]
    public void Hosting_uses_only_the_public_surface_of_Sockeye_and_the_interfaces_of_a_host()
    {
        string[] allowed =
        [
            "Sockeye", "Microsoft.Extensions.Configuration.Abstractions", "Microsoft.Extensions.DependencyInjection.Abstractions",
            "Microsoft.Extensions.Diagnostics.HealthChecks", "Microsoft.Extensions.Diagnostics.HealthChecks.Abstractions",
            "Microsoft.Extensions.Hosting.Abstractions", "Microsoft.Extensions.Logging.Abstractions", "Microsoft.Extensions.Options",
        ];

        IEnumerable<string> others = ReferencesOf(Assembly.Load("Sockeye.Hosting"))
            .Where(name => !name.StartsWith("System.", StringComparison.Ordinal))
            .Except(allowed);
        IEnumerable<string> friends = Assembly.Load("Sockeye")
            .GetCustomAttributes<InternalsVisibleToAttribute>()
            .Select(friend => friend.AssemblyName);

        Assert.Empty(others);
        Assert.DoesNotContain("Sockeye.Hosting", friends);
    }

    [Fact]
    public void The_package_for_AspNetCore_uses_the_shared_framework_and_nothing_else()
    {
        IEnumerable<string> others = ReferencesOf(Assembly.Load("Sockeye.AspNetCore"))
            .Where(name => !name.StartsWith("System.", StringComparison.Ordinal)
                && !name.StartsWith("Microsoft.AspNetCore.", StringComparison.Ordinal)
                && !name.StartsWith("Microsoft.Extensions.", StringComparison.Ordinal)
                && !name.StartsWith("Microsoft.Net.Http.", StringComparison.Ordinal));

        Assert.Equal(["Sockeye", "Sockeye.Hosting"], others.Order(StringComparer.Ordinal));
        Assert.DoesNotContain("Sockeye.AspNetCore", ReferencesOf(Assembly.Load("Sockeye")));
        Assert.DoesNotContain("Sockeye.AspNetCore", ReferencesOf(Assembly.Load("Sockeye.Hosting")));
    }

    [Fact]
    public void Source_of_each_folder_uses_only_the_layers_below_it()
    {
        Assert.Empty(FolderRules.FindViolations(ProductSources()));
    }

    [Fact]
    public void Every_folder_with_a_rule_has_source_in_it()
    {
        IEnumerable<string> files = ProductSources().Keys;

        Assert.All(
            FolderRules.Forbidden.Keys,
            folder => Assert.Contains(files, file => file.StartsWith(folder + "/", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("src/Sockeye/Client/Dialer.cs", "class Dialer { Listener? other; }")]
    [InlineData("src/Sockeye/Server/Listener.cs", "class Listener { Dialer? other; }")]
    [InlineData("src/Sockeye/Connections/Reader.cs", "class Reader { void F() => Dialer.Run(); }")]
    [InlineData("src/Sockeye/Transports/Pipe.cs", "class Pipe { Frame next; }")]
    [InlineData("src/Sockeye/Transports/Pipe.cs", "class Pipe { string F() => $\"{nameof(Reader)}\"; }")]
    [InlineData("src/Sockeye/Transports/Pipe.cs", "using Sockeye.Protocol; class Pipe;")]
    [InlineData("src/Sockeye/Protocol/Frame.cs", "struct Frame { Reader reader; }")]
    public void A_broken_layer_is_found(string path, string text)
    {
        Dictionary<string, string> files = SmallProduct();
        files[path] = text;

        Assert.Contains(FolderRules.FindViolations(files), violation => violation.StartsWith(path, StringComparison.Ordinal));
    }

    [Fact]
    public void A_correctly_layered_product_has_no_violation()
    {
        Assert.Empty(FolderRules.FindViolations(SmallProduct()));
    }

    private static Dictionary<string, string> SmallProduct() => new()
    {
        ["src/Sockeye/Protocol/Frame.cs"] = "struct Frame;",
        ["src/Sockeye/Transports/Pipe.cs"] = "class Pipe { /* never a Frame */ }",
        ["src/Sockeye/Connections/Reader.cs"] = "class Reader { Pipe pipe; Frame frame; }",
        ["src/Sockeye/Client/Dialer.cs"] = "class Dialer { Reader reader; class Waiter; }",
        ["src/Sockeye/Server/Listener.cs"] = "class Listener { Reader reader; class Waiter; Waiter waiter; }",
    };

    private static Dictionary<string, string> ProductSources() =>
        RepositoryTree.Files("src", "*.cs").ToDictionary(path => path, RepositoryTree.Read);

    private static IEnumerable<string> ReferencesOf(Assembly assembly) =>
        assembly.GetReferencedAssemblies().Select(name => name.Name!);
}
