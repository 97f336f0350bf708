namespace Sockeye.Protocol;

/// <summary>
/// Scans one Sec-WebSocket-Extensions line from left to right, one name or parameter at a time, without backtracking and without
/// allocating (RFC 6455 §9.1).
/// </summary>
/// <remarks>
/// <code>
/// extension-list  = 1#extension
/// extension       = extension-token *( ";" extension-param )
/// extension-param = token [ "=" (token | quoted-string) ]
/// </code>
/// The grammar is that of RFC 2616, whose §2.1 allows white space between any two tokens and separators: around commas,
/// semicolons and equals signs. Empty elements of the list are skipped (RFC 9110 §5.6.1.2); a list without any other
/// element is <see cref="IsEmpty"/>.
/// </remarks>
internal ref struct ExtensionScanner
{
    private const byte Backslash = (byte)'\\';
    private const byte Quote = (byte)'"';

    private ReadOnlySpan<byte> _rest;
    private byte _separator; // what ended the last part: a comma, a semicolon, or 0 at the end

    /// <summary>Creates a scanner positioned before the first extension of a header value.</summary>
    public ExtensionScanner(ReadOnlySpan<byte> value)
    {
        _rest = value;
        _separator = (byte)',';
    }

    /// <summary>Whether the current part is the name of an extension; otherwise it is a parameter of the last one.</summary>
    public bool IsExtension { get; private set; }

    /// <summary>The name of the current extension or parameter.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>Whether the current parameter has a value.</summary>
    public bool HasValue { get; private set; }

    /// <summary>
    /// The value of the current parameter, between its quotes if it has any and with its escapes; see <see cref="Unescape"/>.
    /// </summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>Whether the parts read so far follow the grammar.</summary>
    public bool IsValid { get; private set; } = true;

    /// <summary>
    /// Whether no extension has been read yet. At the end of the header's last line that is invalid: the list has at least one
    /// element (RFC 9110 §5.6.1.2).
    /// </summary>
    public bool IsEmpty { get; private set; } = true;

    /// <summary>Advances to the next name or parameter.</summary>
    /// <returns>Whether there was another one. If not, <see cref="IsValid"/> distinguishes the end from an error.</returns>
    public bool MoveNext()
    {
        if (_separator == 0 || !IsValid)
        {
            return false;
        }

        IsExtension = _separator == (byte)',';
        if (IsExtension)
        {
            // RFC 9110 §5.6.1.2: "A recipient MUST parse and ignore a reasonable number of empty list elements".
            _rest = _rest.TrimStart(" \t,"u8);
            if (_rest.IsEmpty)
            {
                _separator = 0;
                return false;
            }
        }

        IsValid = TryReadPart();
        IsEmpty = false;
        return IsValid;
    }

    /// <summary>Removes the escapes from a quoted value.</summary>
    /// <param name="value">The value as it was scanned.</param>
    /// <param name="destination">The output buffer, at least as long as the value.</param>
    /// <returns>The number of bytes written.</returns>
    public static int Unescape(ReadOnlySpan<byte> value, Span<byte> destination)
    {
        int written = 0;
        for (int index = 0; index < value.Length; index++)
        {
            if (value[index] == Backslash)
            {
                index++;
            }

            destination[written++] = value[index];
        }

        return written;
    }

    private bool TryReadPart()
    {
        SkipWhiteSpace();
        Name = ReadToken();
        Value = default;
        SkipWhiteSpace();
        HasValue = !IsExtension && _rest.StartsWith("="u8);
        if (Name.IsEmpty || (HasValue && !TryReadValue()))
        {
            return false;
        }

        SkipWhiteSpace();
        if (_rest.IsEmpty)
        {
            _separator = 0;
            return true;
        }

        _separator = _rest[0];
        _rest = _rest[1..];
        return _separator is (byte)',' or (byte)';';
    }

    private bool TryReadValue()
    {
        _rest = _rest[1..];
        SkipWhiteSpace();
        if (!_rest.StartsWith("\""u8))
        {
            Value = ReadToken();
            return !Value.IsEmpty;
        }

        // RFC 6455 §9.1: "the value after quoted-string unescaping MUST conform to the 'token' ABNF".
        int index = 1;
        while (index < _rest.Length && _rest[index] != Quote)
        {
            index += _rest[index] == Backslash ? 1 : 0;
            if (index == _rest.Length || !HttpCharacters.TokenBytes.Contains(_rest[index]))
            {
                return false;
            }

            index++;
        }

        if (index >= _rest.Length || index == 1)
        {
            return false;
        }

        Value = _rest[1..index];
        _rest = _rest[(index + 1)..];
        return true;
    }

    private ReadOnlySpan<byte> ReadToken()
    {
        int length = _rest.IndexOfAnyExcept(HttpCharacters.TokenBytes);
        ReadOnlySpan<byte> token = length < 0 ? _rest : _rest[..length];
        _rest = _rest[token.Length..];
        return token;
    }

    private void SkipWhiteSpace() => _rest = _rest.TrimStart(" \t"u8);
}
