using System.Text;

namespace Sockeye.Protocol;

/// <summary>An authentication challenge of a server (RFC 9110 §11.6.1). Immutable.</summary>
internal sealed class AuthenticationChallenge
{
    private readonly Dictionary<string, string> _parameters = new(StringComparer.OrdinalIgnoreCase);

    private AuthenticationChallenge(string scheme) => Scheme = scheme;

    /// <summary>The authentication scheme, compared without regard to case.</summary>
    public string Scheme { get; }

    /// <summary>Returns the value of a parameter without quotes, or <see langword="null"/> if it is absent.</summary>
    public string? this[string name] => _parameters.GetValueOrDefault(name);

    /// <summary>Parses the challenges of a header line, up to the first malformed one.</summary>
    public static List<AuthenticationChallenge> Parse(string value)
    {
        List<AuthenticationChallenge> challenges = [];
        AuthenticationChallenge? current = null;
        int position = 0;
        while (true)
        {
            // RFC 9110 §5.6.1.2: empty elements are skipped.
            SkipAny(value, ref position, ", \t");
            if (position == value.Length)
            {
                return challenges;
            }

            string name = TakeToken(value, ref position);
            int afterName = position;
            SkipAny(value, ref position, " \t");
            if (name.Length == 0)
            {
                Drop();
                return challenges;
            }

            if (current is not null && position < value.Length && value[position] == '=')
            {
                position++;
                SkipAny(value, ref position, " \t");

                // RFC 9110 §11.2: "the parameter name [...] MUST only occur once per challenge".
                if (!TryTakeValue(value, ref position, out string text) || !current._parameters.TryAdd(name, text)
                    || !IsAtSeparator(value, ref position))
                {
                    Drop();
                    return challenges;
                }

                continue;
            }

            current = new AuthenticationChallenge(name);
            challenges.Add(current);
            if (position > afterName)
            {
                SkipToken68(value, ref position);
            }
        }

        void Drop()
        {
            if (current is not null)
            {
                challenges.Remove(current);
            }
        }
    }

    // If the end of an element does not follow, this is the first parameter.
    private static void SkipToken68(string value, ref int position)
    {
        int end = position;
        while (end < value.Length && (char.IsAsciiLetterOrDigit(value[end]) || "-._~+/".Contains(value[end], StringComparison.Ordinal)))
        {
            end++;
        }

        bool isThere = end > position;
        while (end < value.Length && value[end] == '=')
        {
            end++;
        }

        if (isThere && IsAtSeparator(value, ref end))
        {
            position = end;
        }
    }

    private static bool IsAtSeparator(string value, ref int position)
    {
        SkipAny(value, ref position, " \t");
        return position == value.Length || value[position] == ',';
    }

    private static void SkipAny(string value, ref int position, string characters)
    {
        while (position < value.Length && characters.Contains(value[position], StringComparison.Ordinal))
        {
            position++;
        }
    }

    private static string TakeToken(string value, ref int position)
    {
        int length = value.AsSpan(position).IndexOfAnyExcept(HttpCharacters.TokenChars);
        int start = position;
        position = length < 0 ? value.Length : position + length;
        return value[start..position];
    }

    private static bool TryTakeValue(string value, ref int position, out string text)
    {
        if (position == value.Length || value[position] != '"')
        {
            text = TakeToken(value, ref position);
            return text.Length > 0;
        }

        // RFC 9110 §5.6.4: a backslash escapes the next character.
        var builder = new StringBuilder();
        for (position++; position < value.Length; position++)
        {
            char next = value[position];
            if (next == '"')
            {
                position++;
                text = builder.ToString();
                return true;
            }

            if (next == '\\' && ++position == value.Length)
            {
                break;
            }

            builder.Append(value[position]);
        }

        text = "";
        return false;
    }
}
