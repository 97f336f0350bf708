using System.Reflection;

namespace Sockeye.Tests;

public sealed class LayeringTests
{
    [Fact]
    public void Protocol_references_nothing_that_does_io()
    {
        string[] allowed =
        [
            "System.Collections",
            "System.Linq",
            "System.Memory",
            "System.Runtime",
            "System.Runtime.InteropServices",
            "System.Runtime.Intrinsics",
            "System.Security.Cryptography",
            "System.Text.Encoding.Extensions",
        ];

        Assert.Empty(ReferencesOf(typeof(ProtocolError).Assembly).Except(allowed));
    }

    [Fact]
    public void Sockeye_references_the_runtime_the_protocol_the_logging_interfaces_and_the_retry_strategy_alone()
    {
        string[] allowed = ["Sockeye.Protocol", "Microsoft.Extensions.Logging.Abstractions", "Polly.Core"];

        IEnumerable<string> others = ReferencesOf(Assembly.Load("Sockeye"))
            .Where(name => !name.StartsWith("System.", StringComparison.Ordinal))
            .Except(allowed);

        Assert.Empty(others);
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
    public void A_broken_layer_is_found(string path, string text)
    {
        Dictionary<string, string> files = SmallProduct();
        files[path] = text;

        Assert.Contains(FolderRules.FindViolations(files), violation => violation.StartsWith(path, StringComparison.Ordinal));
    }

    [Fact]
    public void A_product_with_its_layers_in_order_has_no_violation()
    {
        Assert.Empty(FolderRules.FindViolations(SmallProduct()));
    }

    private static Dictionary<string, string> SmallProduct() => new()
    {
        ["src/Sockeye.Protocol/Frame.cs"] = "struct Frame;",
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
