using System.Text;
using System.Text.RegularExpressions;

namespace Sockeye.Tests;

/// <summary>C# source without comments and literals, so that only the names used by the code remain.</summary>
/// <remarks>Code inside the holes of interpolated strings is kept. Not a compiler: enough to hold folders apart.</remarks>
internal sealed class CSharpSource
{
    private static readonly Regex TypeDeclaration = new(
        @"\b(?:class|struct|interface|enum|record(?:\s+(?:class|struct))?)\s+(?<name>@?[A-Za-z_]\w*)|" +
        @"\bdelegate\s+[^;{}()=]*?\b(?<name>[A-Za-z_]\w*)\s*(?:<[^>]*>\s*)?\(",
        RegexOptions.CultureInvariant);

    private static readonly Regex Identifier = new(@"[A-Za-z_]\w*", RegexOptions.CultureInvariant);

    private static readonly Regex FileNamespace = new(
        @"\bnamespace\s+(?<name>[\w.]+)\s*;", RegexOptions.CultureInvariant);

    private static readonly string[] NeverNames = ["where", "class", "struct", "record"];

    public CSharpSource(string text)
    {
        Code = Strip(text);
        DeclaredTypes = [.. TypeDeclaration.Matches(Code)
            .Select(match => match.Groups["name"])
            .Where(name => !NeverNames.Contains(name.Value))
            .Select(name => (name.Value, DepthAt(name.Index)))
            .Distinct()];
        Namespace = FileNamespace.Match(Code).Groups["name"].Value;
        Identifiers = Identifier.Matches(Code).Select(match => match.Value).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>The source without comments and without the text of its literals.</summary>
    public string Code { get; }

    /// <summary>The declared types with their nesting depth; 0 is a top-level type.</summary>
    public IReadOnlyList<(string Name, int Depth)> DeclaredTypes { get; }

    public IReadOnlySet<string> Identifiers { get; }

    /// <summary>The namespace of the file; empty if it has none.</summary>
    public string Namespace { get; }

    /// <summary>
    /// Whether the file sees the types of a namespace. A word that names a type elsewhere may be a member here: it is the type only
    /// where the namespace is in sight.
    /// </summary>
    public bool CanSee(string space) =>
        space.Length == 0
        || Namespace == space
        || Namespace.StartsWith(space + ".", StringComparison.Ordinal)
        || Code.Contains($"using {space};", StringComparison.Ordinal)
        || Code.Contains(space + ".", StringComparison.Ordinal);

    private int DepthAt(int index) => Code.AsSpan(0, index).Count('{') - Code.AsSpan(0, index).Count('}');

    private static string Strip(string text)
    {
        StringBuilder code = new(text.Length);
        int position = 0;
        CopyCode(text, ref position, code, holeBraces: 0);
        return code.ToString();
    }

    /// <summary>Copies code up to the end of the text or of the hole it is in.</summary>
    private static void CopyCode(string text, ref int position, StringBuilder code, int holeBraces)
    {
        int depth = 0;
        while (position < text.Length)
        {
            char current = text[position];
            if (StartsWith(text, position, "//"))
            {
                position = EndOrLength(text, "\n", position);
            }
            else if (StartsWith(text, position, "/*"))
            {
                position = Math.Min(EndOrLength(text, "*/", position + 2) + 2, text.Length);
            }
            else if (current == '\'')
            {
                SkipQuoted(text, ref position, '\'');
                code.Append(' ');
            }
            else if (current is '"' or '$' or '@' && TrySkipString(text, ref position, code))
            {
                code.Append(' ');
            }
            else if (holeBraces > 0 && current == '}' && depth == 0)
            {
                position += holeBraces;
                return;
            }
            else
            {
                depth += current == '{' ? 1 : current == '}' ? -1 : 0;
                code.Append(current);
                position++;
            }
        }
    }

    private static bool TrySkipString(string text, ref int position, StringBuilder code)
    {
        int start = position;
        int dollars = 0;
        bool verbatim = false;
        while (start < text.Length && text[start] is '$' or '@')
        {
            dollars += text[start] == '$' ? 1 : 0;
            verbatim |= text[start] == '@';
            start++;
        }

        int quotes = CountRun(text, start, '"');
        if (quotes == 0)
        {
            return false;
        }

        if (quotes == 2)
        {
            position = start + 2;
            return true;
        }

        bool raw = quotes >= 3;
        position = start + (raw ? quotes : 1);
        SkipContent(text, ref position, code, raw ? quotes : 1, raw ? dollars : Math.Min(dollars, 1), verbatim, raw);
        return true;
    }

    private static void SkipContent(
        string text, ref int position, StringBuilder code, int quotes, int holeBraces, bool verbatim, bool raw)
    {
        while (position < text.Length)
        {
            char current = text[position];
            int run = CountRun(text, position, current);
            if (current == '"' && verbatim && !raw && run >= 2)
            {
                position += 2;
            }
            else if (current == '"' && run >= quotes)
            {
                position += raw ? run : 1;
                return;
            }
            else if (current == '\\' && !verbatim && !raw)
            {
                position += 2;
            }
            else if (current == '{' && holeBraces > 0 && run >= holeBraces && (raw || run % 2 == 1))
            {
                position += run;
                code.Append(' ');
                CopyCode(text, ref position, code, holeBraces);
            }
            else
            {
                position += raw || current != '{' ? 1 : run;
            }
        }
    }

    private static void SkipQuoted(string text, ref int position, char quote)
    {
        position++;
        while (position < text.Length && text[position] != quote && text[position] != '\n')
        {
            position += text[position] == '\\' ? 2 : 1;
        }

        position++;
    }

    private static int CountRun(string text, int position, char character)
    {
        int end = position;
        while (end < text.Length && text[end] == character)
        {
            end++;
        }

        return end - position;
    }

    private static bool StartsWith(string text, int position, string value) =>
        string.CompareOrdinal(text, position, value, 0, value.Length) == 0;

    private static int EndOrLength(string text, string value, int position)
    {
        int end = text.IndexOf(value, position, StringComparison.Ordinal);
        return end < 0 ? text.Length : end;
    }
}
