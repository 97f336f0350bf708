namespace Sockeye.Tests;

/// <summary>Finds files that depend on each other in a circle, by the names of the types that they declare and use.</summary>
internal static class FileCycles
{
    /// <summary>The groups of files of which each depends on each other, directly or not; the largest first.</summary>
    /// <param name="files">Path from the root, and text, of the files to look at. Uses of other files do not count.</param>
    public static IReadOnlyList<FileCycle> Find(IReadOnlyDictionary<string, string> files)
    {
        Dictionary<string, CSharpSource> sources = files.ToDictionary(file => file.Key, file => new CSharpSource(file.Value));
        ILookup<string, string> declarations = sources
            .SelectMany(source => source.Value.DeclaredTypes.Where(type => type.Depth == 0).Select(type => (type.Name, source.Key)))
            .ToLookup(declaration => declaration.Name, declaration => declaration.Key);
        Dictionary<string, string[]> uses = sources.ToDictionary(
            source => source.Key,
            source => source.Value.Identifiers
                .SelectMany(name => declarations[name])
                .Where(file => file != source.Key && source.Value.CanSee(sources[file].Namespace))
                .Distinct()
                .Order(StringComparer.Ordinal)
                .ToArray());
        return
        [
            .. new Search(uses).Components
                .Where(component => component.Count > 1)
                .Select(component => new FileCycle(component, uses))
                .OrderByDescending(cycle => cycle.Files.Count),
        ];
    }

    // Tarjan's algorithm: a file whose search comes back to no earlier one is the root of a component.
    private sealed class Search
    {
        private readonly Dictionary<string, string[]> _uses;
        private readonly Dictionary<string, (int Index, int Low)> _seen = [];
        private readonly Stack<string> _open = new();

        public Search(Dictionary<string, string[]> uses)
        {
            _uses = uses;
            foreach (string file in uses.Keys.Order(StringComparer.Ordinal))
            {
                if (!_seen.ContainsKey(file))
                {
                    Visit(file);
                }
            }
        }

        public List<List<string>> Components { get; } = [];

        private int Visit(string file)
        {
            int index = _seen.Count;
            int low = index;
            _seen[file] = (index, low);
            _open.Push(file);
            foreach (string used in _uses[file])
            {
                if (!_seen.TryGetValue(used, out (int Index, int Low) seen))
                {
                    low = Math.Min(low, Visit(used));
                }
                else if (_open.Contains(used))
                {
                    low = Math.Min(low, seen.Index);
                }
            }

            _seen[file] = (index, low);
            if (low == index)
            {
                Components.Add(PopTo(file));
            }

            return low;
        }

        private List<string> PopTo(string root)
        {
            List<string> component = [];
            string file;
            do
            {
                file = _open.Pop();
                component.Add(file);
            }
            while (file != root);

            component.Sort(StringComparer.Ordinal);
            return component;
        }
    }
}
