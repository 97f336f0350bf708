namespace Sockeye.Tests;

public sealed class FileCycleTests
{
    // A group of this size can be read at a sitting. Beyond it, no file can be understood or tested without all the others.
    private const int MaxFiles = 6;

    public static TheoryData<string> Folders =>
        [.. RepositoryTree.Files("src/Sockeye", "*.cs").Select(TopFolder).Distinct().Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Folders))]
    public void No_more_than_six_files_of_a_folder_depend_on_each_other(string folder)
    {
        Dictionary<string, string> files = RepositoryTree.Files("src/Sockeye", "*.cs")
            .Where(path => TopFolder(path) == folder)
            .ToDictionary(path => path, RepositoryTree.Read);

        IReadOnlyList<FileCycle> cycles = FileCycles.Find(files);

        TestContext.Current.TestOutputHelper?.WriteLine(
            cycles.Count == 0 ? $"{folder}: no cycle" : $"{folder}: largest cycle of {cycles[0].Files.Count} files");
        Assert.Empty(cycles.Where(cycle => cycle.Files.Count > MaxFiles).Select(cycle => $"{cycle.Files.Count} files:\n{cycle}"));
    }

    [Fact]
    public void A_cycle_is_found_with_all_its_files_and_without_those_that_only_use_it()
    {
        FileCycle cycle = Assert.Single(FileCycles.Find(new Dictionary<string, string>
        {
            ["A.cs"] = "class A { B next; }",
            ["B.cs"] = "class B { C next; Leaf leaf; }",
            ["C.cs"] = "class C { A first; }",
            ["Leaf.cs"] = "class Leaf;",
            ["User.cs"] = "class User { A all; }",
        }));

        Assert.Equal(["A.cs", "B.cs", "C.cs"], cycle.Files);
        Assert.Contains("B.cs uses C", cycle.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("class A { /* B */ string Name => \"B\"; }")]
    [InlineData("namespace One; class A { int B; }")] // a member of that name, where the type is out of sight
    public void A_name_that_is_not_a_use_makes_no_cycle(string text)
    {
        Assert.Empty(FileCycles.Find(new Dictionary<string, string>
        {
            ["A.cs"] = text,
            ["B.cs"] = "namespace Two; using One; class B { A other; }",
        }));
    }

    [Fact]
    public void Two_cycles_are_told_apart_and_the_larger_comes_first()
    {
        IReadOnlyList<FileCycle> cycles = FileCycles.Find(new Dictionary<string, string>
        {
            ["A.cs"] = "class A { B b; }",
            ["B.cs"] = "class B { A a; C c; }",
            ["C.cs"] = "class C { D d; }",
            ["D.cs"] = "class D { E e; }",
            ["E.cs"] = "class E { C c; }",
        });

        Assert.Equal([3, 2], cycles.Select(cycle => cycle.Files.Count));
    }

    private static string TopFolder(string path)
    {
        string[] parts = path.Split('/');
        return parts.Length > 3 ? string.Join('/', parts[..3]) : "src/Sockeye";
    }
}
