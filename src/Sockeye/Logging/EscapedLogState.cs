using System.Collections;
using System.Net;
using Sockeye.Protocol;

namespace Sockeye.Logging;

/// <summary>The state of a log event with its text and its named values escaped.</summary>
/// <remarks>
/// Created only if a value cannot be shown as it is, such as the path of a client's Unix socket with a line break in it.
/// </remarks>
internal sealed class EscapedLogState : IReadOnlyList<KeyValuePair<string, object?>>
{
    /// <summary>The maximum length of a value's text, in characters; longer ones are truncated.</summary>
    public const int MaxValueLength = 1024;

    // The values and the text around them.
    private const int MaxTextLength = 4 * MaxValueLength;

    private readonly KeyValuePair<string, object?>[] _values;
    private readonly string _text;

    private EscapedLogState(KeyValuePair<string, object?>[] values, string text)
    {
        _values = values;
        _text = text;
    }

    /// <inheritdoc/>
    public int Count => _values.Length;

    /// <inheritdoc/>
    public KeyValuePair<string, object?> this[int index] => _values[index];

    /// <summary>Escapes the text and the values of a log event.</summary>
    /// <returns><see langword="null"/> if nothing needs to be escaped.</returns>
    public static EscapedLogState? TryCreate<TState>(
        TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (state is not IReadOnlyList<KeyValuePair<string, object?>> values || values.All(value => IsPlain(value.Value)))
        {
            return null;
        }

        KeyValuePair<string, object?>[] escaped =
            [.. values.Select(value => KeyValuePair.Create(value.Key, IsPlain(value.Value) ? value.Value : Escape(value.Value)))];
        return new EscapedLogState(escaped, PeerText.Escape(formatter(state, exception), MaxTextLength));
    }

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator() => _values.AsEnumerable().GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The text of the event.</summary>
    public override string ToString() => _text;

    // Numbers, enumerations, times and addresses contain no text from a peer.
    private static bool IsPlain(object? value) =>
        value is null or ValueType or IPEndPoint
        || (value.ToString() is not { } text || (text.Length <= MaxValueLength && PeerText.IsPlain(text)));

    private static string Escape(object? value) => PeerText.Escape(value?.ToString(), MaxValueLength);
}
