using System.Collections;
using System.Runtime.CompilerServices;
using Sockeye.Protocol;

namespace Sockeye;

/// <summary>
/// The header fields of an HTTP request or response (RFC 9110 §6.3): every line, in order, including repeated names. Names are
/// case-insensitive (§5.1).
/// </summary>
/// <remarks>
/// <para>
/// Immutable and thread-safe. Headers for an option are written as a collection expression,
/// <c>RequestHeaders = [new("Authorization", "Bearer …"), new("X-Api-Version", "2")]</c>, or made from a dictionary. They are checked when
/// they are made, so that no value of an application can add a line to a request or response.
/// </para>
/// <para>
/// Headers that were received are checked only when an option or a response is set to them, or to a copy of them. A request of
/// <see cref="WebSocketHandshakeFailure.Request"/> or a response that was rejected may have any bytes in a value, as Latin-1; escape them
/// before you log them.
/// </para>
/// </remarks>
[CollectionBuilder(typeof(WebSocketHeaders), nameof(Create))]
public sealed class WebSocketHeaders : IReadOnlyList<KeyValuePair<string, string>>
{
    private const string SetCookie = "Set-Cookie";
    private const string Cookie = "Cookie";

    private readonly KeyValuePair<string, string>[] _lines;
    private readonly bool _isReceived;

    /// <summary>Copies and checks header lines.</summary>
    /// <param name="lines">The lines in their order: names with values. A name may be repeated.</param>
    /// <exception cref="ArgumentNullException"><paramref name="lines"/>, a name or a value is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">
    /// A name is not a token (RFC 9110 §5.1), or a value has a control character other than a tab or a character that is not Latin-1
    /// (§5.5).
    /// </exception>
    public WebSocketHeaders(IEnumerable<KeyValuePair<string, string>> lines)
        : this(Checked([.. lines ?? throw new ArgumentNullException(nameof(lines))], nameof(lines)))
    {
    }

    private WebSocketHeaders(KeyValuePair<string, string>[] lines, bool isReceived = false)
    {
        _lines = lines;
        _isReceived = isReceived;
    }

    /// <summary>An empty instance.</summary>
    public static WebSocketHeaders Empty { get; } = new(Array.Empty<KeyValuePair<string, string>>());

    /// <summary>The number of lines; a repeated name counts each time.</summary>
    public int Count => _lines.Length;

    /// <summary>Returns a line by its index.</summary>
    /// <param name="index">The index, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such line.</exception>
    public KeyValuePair<string, string> this[int index] => (uint)index < (uint)_lines.Length
        ? _lines[index]
        : throw new ArgumentOutOfRangeException(nameof(index), index, $"There are {_lines.Length} lines.");

    /// <summary>Returns the value of a header.</summary>
    /// <param name="name">The name, in any case.</param>
    /// <value>
    /// <see langword="null"/> if no line has the name. The values of several lines are joined with <c>", "</c>, which means the same as
    /// the lines (RFC 9110 §5.3). There are two exceptions: lines of <c>Cookie</c> are joined with <c>"; "</c> (RFC 9113 §8.2.3); and
    /// of <c>Set-Cookie</c>, whose lines cannot be joined, this is the first line: <see cref="GetValues"/> has all of them.
    /// </value>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> is <see langword="null"/>.</exception>
    public string? this[string name]
    {
        get
        {
            ArgumentNullException.ThrowIfNull(name);
            string? joined = null;
            foreach ((string key, string value) in _lines)
            {
                if (AreEqual(key, name))
                {
                    if (AreEqual(name, SetCookie))
                    {
                        return value;
                    }

                    joined = joined is null ? value : joined + (AreEqual(name, Cookie) ? "; " : ", ") + value;
                }
            }

            return joined;
        }
    }

    /// <summary>Copies and checks header lines; collection expressions call this.</summary>
    /// <param name="lines">The lines in their order.</param>
    /// <returns>The headers.</returns>
    /// <exception cref="ArgumentNullException">A name or a value is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">A name or a value is invalid, as for the constructor.</exception>
    public static WebSocketHeaders Create(ReadOnlySpan<KeyValuePair<string, string>> lines) =>
        lines.IsEmpty ? Empty : new(Checked(lines.ToArray(), nameof(lines)));

    /// <summary>Returns the values of all lines with a name, in order and not joined.</summary>
    /// <param name="name">The name, in any case.</param>
    /// <returns>The values; empty if no line has the name.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> is <see langword="null"/>.</exception>
    public IReadOnlyList<string> GetValues(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return [.. from line in _lines where AreEqual(line.Key, name) select line.Value];
    }

    /// <summary>Returns whether any line has a name.</summary>
    /// <param name="name">The name, in any case.</param>
    /// <returns>Whether there is such a line.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> is <see langword="null"/>.</exception>
    public bool Contains(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Array.Exists(_lines, line => AreEqual(line.Key, name));
    }

    /// <summary>Returns a copy in which one line, at the end, replaces all lines of a name.</summary>
    /// <param name="name">The name.</param>
    /// <param name="value">The value.</param>
    /// <returns>The copy. To add a line to others of the same name, write <c>[.. headers, new(name, value)]</c>.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> or <paramref name="value"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">The name or the value is invalid, as for the constructor.</exception>
    public WebSocketHeaders With(string name, string value)
    {
        KeyValuePair<string, string> line = new(name, value);
        Check(line, nameof(name), nameof(value));
        return new([.. _lines.Where(existing => !AreEqual(existing.Key, name)), line], _isReceived);
    }

    /// <summary>Returns a copy without the lines of a name.</summary>
    /// <param name="name">The name, in any case.</param>
    /// <returns>The copy; these headers themselves if no line has the name.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> is <see langword="null"/>.</exception>
    public WebSocketHeaders Without(string name) =>
        Contains(name) ? new([.. _lines.Where(line => !AreEqual(line.Key, name))], _isReceived) : this;

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => _lines.AsEnumerable().GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => _lines.GetEnumerator();

    /// <summary>
    /// Returns the names, each once and escaped. Values may be secrets and are omitted, so the result can be logged.
    /// </summary>
    public override string ToString() =>
        PeerText.Escape(string.Join(", ", _lines.Select(static line => line.Key).Distinct(StringComparer.OrdinalIgnoreCase)));

    /// <summary>Wraps received header lines without checks.</summary>
    /// <param name="lines">The lines; the caller must not change them afterwards.</param>
    internal static WebSocketHeaders Received(KeyValuePair<string, string>[] lines) =>
        lines.Length == 0 ? Empty : new(lines, isReceived: true);

    /// <summary>Checks headers that are to be sent: some may have been received, and have not been checked yet.</summary>
    /// <param name="parameter">The parameter or property that has them.</param>
    /// <exception cref="ArgumentException">A name or a value is invalid, as for the constructor.</exception>
    internal void CheckToSend(string parameter)
    {
        if (_isReceived)
        {
            Checked(_lines, parameter);
        }
    }

    private static bool AreEqual(string left, string right) => left.Equals(right, StringComparison.OrdinalIgnoreCase);

    private static KeyValuePair<string, string>[] Checked(KeyValuePair<string, string>[] lines, string parameter)
    {
        foreach (KeyValuePair<string, string> line in lines)
        {
            Check(line, parameter, parameter);
        }

        return lines;
    }

    private static void Check(KeyValuePair<string, string> line, string nameParameter, string valueParameter)
    {
        ArgumentNullException.ThrowIfNull(line.Key, nameParameter);
        ArgumentNullException.ThrowIfNull(line.Value, valueParameter);
        if (!HeaderFieldRules.IsName(line.Key))
        {
            throw new ArgumentException($"The header name {PeerText.Quote(line.Key)} is not a token (RFC 9110 §5.1).", nameParameter);
        }

        // Does not quote the value, which may be a secret.
        if (!HeaderFieldRules.IsValue(line.Value))
        {
            throw new ArgumentException(
                $"The value of the header {line.Key} has a control character or a character that is not Latin-1 (RFC 9110 §5.5).",
                valueParameter);
        }
    }
}
