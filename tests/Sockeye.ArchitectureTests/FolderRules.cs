namespace Sockeye.Tests;

/// <summary>The folders of the product whose types another folder must not use.</summary>
internal static class FolderRules
{
    /// <summary>The forbidden dependencies of each folder. The allowed ones are those of docs/design/0001.</summary>
    public static IReadOnlyDictionary<string, string[]> Forbidden { get; } = new Dictionary<string, string[]>
    {
        ["src/Sockeye/Client"] = ["src/Sockeye/Server"],
        ["src/Sockeye/Server"] = ["src/Sockeye/Client"],
        ["src/Sockeye/Connections"] =
        [
            "src/Sockeye/Client", "src/Sockeye/Server", "src/Sockeye/Streams", "src/Sockeye/Json", "src/Sockeye/Interop",
        ],
        // Counts and records what the layers above report to it, and knows none of them.
        ["src/Sockeye/Telemetry"] =
        [
            "src/Sockeye/Connections", "src/Sockeye/Client", "src/Sockeye/Server", "src/Sockeye/Streams", "src/Sockeye/Handshakes",
            "src/Sockeye/Compression", "src/Sockeye/Memory", "src/Sockeye/Timing", "src/Sockeye/Logging",
        ],
        // Streams over messages and over a connection: a layer above, which nothing below uses.
        ["src/Sockeye/Streams"] = ["src/Sockeye/Client", "src/Sockeye/Server"],
        // Values as JSON: another layer above.
        ["src/Sockeye/Json"] = ["src/Sockeye/Client", "src/Sockeye/Server", "src/Sockeye/Streams"],
        // A connection as a class of the platform: another one.
        ["src/Sockeye/Interop"] = ["src/Sockeye/Client", "src/Sockeye/Server", "src/Sockeye/Streams"],
        ["src/Sockeye/Protocol"] =
        [
            "src/Sockeye/Telemetry", "src/Sockeye/Transports", "src/Sockeye/Connections", "src/Sockeye/Client", "src/Sockeye/Server",
            "src/Sockeye/Compression", "src/Sockeye/Memory", "src/Sockeye/Timing", "src/Sockeye/Errors",
        ],
        // What is known of an opening handshake, whichever end made it.
        ["src/Sockeye/Handshakes"] = ["src/Sockeye/Connections", "src/Sockeye/Client", "src/Sockeye/Server"],
        ["src/Sockeye/Logging"] =
        [
            "src/Sockeye/Telemetry", "src/Sockeye/Transports", "src/Sockeye/Connections", "src/Sockeye/Client", "src/Sockeye/Server",
            "src/Sockeye/Compression", "src/Sockeye/Memory", "src/Sockeye/Timing", "src/Sockeye/Handshakes",
        ],
        ["src/Sockeye/Collections"] =
        [
            "src/Sockeye/Telemetry", "src/Sockeye/Transports", "src/Sockeye/Connections", "src/Sockeye/Client", "src/Sockeye/Server",
            "src/Sockeye/Compression", "src/Sockeye/Memory", "src/Sockeye/Timing", "src/Sockeye/Handshakes",
        ],
        // A codec knows bytes, and the messages they belong to; not who sends them.
        ["src/Sockeye/Compression"] =
        [
            "src/Sockeye/Telemetry", "src/Sockeye/Transports", "src/Sockeye/Connections", "src/Sockeye/Client", "src/Sockeye/Server",
            "src/Sockeye/Timing",
        ],
        // Memory is lent by length: what lies in it is not known here.
        ["src/Sockeye/Memory"] =
        [
            "src/Sockeye/Telemetry", "src/Sockeye/Transports", "src/Sockeye/Connections", "src/Sockeye/Client", "src/Sockeye/Server",
            "src/Sockeye/Compression", "src/Sockeye/Protocol",
        ],
        ["src/Sockeye/Timing"] =
        [
            "src/Sockeye/Telemetry", "src/Sockeye/Transports", "src/Sockeye/Connections", "src/Sockeye/Client", "src/Sockeye/Server",
            "src/Sockeye/Compression", "src/Sockeye/Memory", "src/Sockeye/Protocol",
        ],
        // A transport moves bytes: it does not know what a frame is, nor who reads.
        ["src/Sockeye/Transports"] =
        [
            "src/Sockeye/Telemetry", "src/Sockeye/Connections", "src/Sockeye/Client", "src/Sockeye/Server", "src/Sockeye/Compression",
            "src/Sockeye/Protocol",
        ],
    };

    /// <summary>Every use of a forbidden folder's type or namespace, as sentences.</summary>
    /// <param name="files">Path from the root, and text, of all source files of the product.</param>
    public static IReadOnlyList<string> FindViolations(IReadOnlyDictionary<string, string> files)
    {
        Dictionary<string, CSharpSource> sources = files.ToDictionary(file => file.Key, file => new CSharpSource(file.Value));
        List<string> violations = [];
        foreach ((string folder, string[] forbiddenFolders) in Forbidden)
        {
            // A name that the folder declares too is its own.
            HashSet<string> own = [.. TypesOf(sources, folder).Select(type => type.Name)];
            foreach (string forbidden in forbiddenFolders)
            {
                ILookup<string, string> namespaces = TypesOf(sources, forbidden)
                    .Where(type => !own.Contains(type.Name))
                    .ToLookup(type => type.Name, type => type.Namespace);
                violations.AddRange(
                    from source in sources
                    where IsIn(source.Key, folder)
                    from name in source.Value.Identifiers.Order(StringComparer.Ordinal)
                    where namespaces[name].Any(space => source.Value.CanSee(space))
                    select $"{source.Key} uses {name}, which is of {forbidden}.");
                violations.AddRange(
                    from source in sources
                    where IsIn(source.Key, folder)
                    where source.Value.Code.Contains($"using {NamespaceOf(forbidden)};", StringComparison.Ordinal)
                    select $"{source.Key} uses the namespace {NamespaceOf(forbidden)}.");
            }
        }

        return violations;
    }

    private static IEnumerable<(string Name, string Namespace)> TypesOf(Dictionary<string, CSharpSource> sources, string folder) =>
        from source in sources
        where IsIn(source.Key, folder)
        from type in source.Value.DeclaredTypes
        where type.Depth == 0
        select (type.Name, source.Value.Namespace);

    private static bool IsIn(string path, string folder) => path.StartsWith(folder + "/", StringComparison.Ordinal);

    private static string NamespaceOf(string folder) => folder["src/".Length..].Replace('/', '.');
}
