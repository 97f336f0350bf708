using System.Text.RegularExpressions;

namespace Sockeye.Tests;

/// <summary>The turns of phrase that docs/glossary.md bans, because a native reader has to decode them.</summary>
internal static class WordingRules
{
    private const RegexOptions Options = RegexOptions.CultureInvariant | RegexOptions.IgnoreCase;

    private const int MinSummaryWords = 2;

    // What may follow "is no" in plain English.
    private const string Fine =
        "longer|more than|less than|greater than|later than|earlier than|shorter than|larger|faster|slower|different|"
        + "way|need|reason|room|such|other|limit|deadline|connection|match";

    // "There is no …" and "the default is none" are plain English.
    private static readonly (Regex Pattern, string Instead)[] Banned =
    [
        (new(@"\b(whoever|whomever)\b", Options), "name the caller, the peer or the thread"),
        (new(@"\b(nobody|somebody|anybody|everybody)\b", Options), "name the caller, the peer or the thread"),
        (new(@"(?<!\b(there|default)\s)\b(is|are|was|were|be) (none|no (?!(" + Fine + @")\b)\w+)", Options),
            "is not a …, is invalid, does not exist"),
        (new(@"\bwhat (is|are|was|were|has|have) (no|none|not)\b", Options), "an invalid …, a … that is not …"),
        (new(@"\b(can|could|may|cannot|can't) (not )?be had\b", Options), "is unavailable, is in use"),
        (new(@"\b(is|are|was|were|be|been|being) given up\b|\b(gives?|gave|giving) (it|them|him|(a|an|the|its|this|that|each) \w+) up\b", Options),
            "abort, fail, drop"),
        (new(@"\b(is|are|was|were|be|been|being) told\b|\btells? (of|about|nobody)\b", Options), "report, notify, call, log"),
        (new(@"\b(let|lets|letting) (it |them )?go\b", Options), "release, return, close"),
        (new(@"\bled astray\b|\bof its own accord\b|\bat the hands of\b|\bto the void\b|\binto the void\b", Options), "say it literally"),
        (new(@"<summary>\s*(/// )?No more\.", Options), "a sentence with a subject"),
    ];

    private static readonly Regex Summary = new(@"/// <summary>(?<text>.*?)</summary>", RegexOptions.Singleline | RegexOptions.CultureInvariant);

    /// <summary>Every banned phrase of a file, as sentences with the line number.</summary>
    public static IEnumerable<string> FindViolations(string path, string text)
    {
        // One line, since a comment may break a phrase across two.
        string[] lines = [.. text.Split('\n').Select(line => line.Trim(' ', '/', '\r'))];
        string joined = string.Join(' ', lines);
        foreach ((Regex pattern, string instead) in Banned)
        {
            foreach (Match match in pattern.Matches(joined))
            {
                yield return $"{path}:{LineOf(lines, match.Index)} says '{match.Value}'. Better: {instead}.";
            }
        }

        foreach (Match summary in Summary.Matches(text).Where(summary => CountWords(summary.Groups["text"].Value) < MinSummaryWords))
        {
            yield return $"{path}:{LineOf(text, summary.Index)} has a summary of fewer than {MinSummaryWords} words.";
        }
    }

    private static int LineOf(string[] lines, int index)
    {
        int line = 0;
        while (index > lines[line].Length)
        {
            index -= lines[line].Length + 1;
            line++;
        }

        return line + 1;
    }

    private static int LineOf(string text, int index) => text.AsSpan(0, index).Count('\n') + 1;

    private static int CountWords(string text) =>
        text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Count(word => word.Any(char.IsLetterOrDigit));
}
