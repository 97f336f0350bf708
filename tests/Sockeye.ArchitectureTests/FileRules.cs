using System.Text.RegularExpressions;

namespace Sockeye.Tests;

/// <summary>The rules for every file of the repository: length, name and content.</summary>
internal static class FileRules
{
    private const int MaxSourceLinesWithoutReason = 500;
    private const int MaxTestLines = 700;
    private const int MaxReadmeLines = 150;
    private const int MaxDocsLines = 300;

    private static readonly string[] RefusedWords = ["Manager", "Helper", "Helpers", "Util", "Utils", "Utility"];

    /// <summary>A partial type is one that a generator completes: it has one of these attributes in it.</summary>
    private static readonly string[] Generators = ["LoggerMessage", "LibraryImport", "JsonSerializable"];

    private static readonly Regex Word = new("[A-Z][a-z0-9]*", RegexOptions.CultureInvariant);

    private static readonly Regex OpenTask = new(@"\b(TODO|FIXME|HACK|XXX)\b", RegexOptions.CultureInvariant);

    private static readonly Regex PartialType = new(
        @"\bpartial\s+(class|struct|interface|record)\b", RegexOptions.CultureInvariant);

    /// <summary>Every rule that a C# file breaks, as sentences.</summary>
    public static IEnumerable<string> FindViolations(string path, string text)
    {
        CSharpSource source = new(text);
        return [.. Length(path, text), .. Names(path, source), .. Content(path, text, source)];
    }

    /// <summary>Every rule that a page of documentation breaks, as sentences.</summary>
    public static IEnumerable<string> FindPageViolations(string path, string text)
    {
        int limit = path.StartsWith("docs/", StringComparison.Ordinal) ? MaxDocsLines : MaxReadmeLines;
        int lines = RepositoryTree.CountLines(text);
        if (lines > limit)
        {
            yield return $"{path} has {lines} lines; {limit} is the most.";
        }

        if (OpenTask.IsMatch(text))
        {
            yield return $"{path} holds an open task.";
        }
    }

    private static IEnumerable<string> Length(string path, string text)
    {
        int lines = RepositoryTree.CountLines(text);
        bool isTest = path.StartsWith("tests/", StringComparison.Ordinal);
        if (isTest && lines > MaxTestLines)
        {
            yield return $"{path} has {lines} lines; {MaxTestLines} is the most.";
        }
        else if (!isTest && lines > MaxSourceLinesWithoutReason && !text.StartsWith("//", StringComparison.Ordinal))
        {
            yield return $"{path} has {lines} lines, and no comment on its first line that says why.";
        }
    }

    private static IEnumerable<string> Names(string path, CSharpSource source)
    {
        string fileName = Path.GetFileNameWithoutExtension(path);
        string[] names = [.. source.DeclaredTypes.Select(type => type.Name)];
        if (fileName != "Program" && names.Length > 0 && !names.Contains(fileName))
        {
            yield return $"{path} declares no {fileName}.";
        }

        foreach (string name in names.Append(fileName).Distinct())
        {
            foreach (string word in Word.Matches(name).Select(match => match.Value).Intersect(RefusedWords))
            {
                yield return $"{path}: the name {name} says '{word}', which says nothing.";
            }
        }
    }

    private static IEnumerable<string> Content(string path, string text, CSharpSource source)
    {
        if (source.Code.Contains("#region", StringComparison.Ordinal))
        {
            yield return $"{path} has a #region.";
        }

        if (PartialType.IsMatch(source.Code) && !Generators.Any(source.Identifiers.Contains))
        {
            yield return $"{path} declares a partial type that no generator completes.";
        }

        // The rule itself has to name what it looks for.
        if (!path.EndsWith("/FileRules.cs", StringComparison.Ordinal) && OpenTask.IsMatch(text))
        {
            yield return $"{path} holds an open task.";
        }
    }
}
