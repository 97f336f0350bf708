using System.Xml.Linq;

namespace Sockeye.Tests;

public sealed class ProjectTests
{
    [Fact]
    public void Every_project_is_in_the_solution()
    {
        IEnumerable<string> listed = XDocument.Parse(RepositoryTree.Read("Sockeye.slnx"))
            .Descendants("Project")
            .Select(project => project.Attribute("Path")!.Value);

        Assert.Equal(RepositoryTree.Files("", "*.csproj"), listed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_project_imports_its_settings_from_a_shared_file()
    {
        string[] ownSettings = ["TargetFramework", "LangVersion", "Nullable", "NoWarn", "TreatWarningsAsErrors"];

        Assert.All(
            RepositoryTree.Files("", "*.csproj"),
            path => Assert.Empty(XDocument.Parse(RepositoryTree.Read(path))
                .Descendants()
                .Select(element => element.Name.LocalName)
                .Intersect(ownSettings)));
    }

    [Fact]
    public void Every_package_version_is_declared_once()
    {
        Assert.All(
            RepositoryTree.Files("", "*.csproj"),
            path => Assert.DoesNotContain(
                XDocument.Parse(RepositoryTree.Read(path)).Descendants("PackageReference"),
                reference => reference.Attribute("Version") is not null));
    }

    [Fact]
    public void No_two_paths_differ_only_in_case()
    {
        // Windows and macOS would make one of them.
        IEnumerable<string> paths = RepositoryTree.Files("", "*")
            .SelectMany(path => Prefixes(path.Split('/')))
            .Distinct();

        Assert.Empty(paths
            .GroupBy(path => path.ToUpperInvariant())
            .Where(group => group.Count() > 1)
            .Select(group => group.First()));
    }

    private static IEnumerable<string> Prefixes(string[] parts) =>
        Enumerable.Range(1, parts.Length).Select(length => string.Join('/', parts[..length]));
}
