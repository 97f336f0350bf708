using System.Text;

namespace Sockeye.Protocol;

/// <summary>
/// Enumerates the offers of permessage-deflate, or the one response, in Sec-WebSocket-Extensions, skipping other extensions.
/// Allocates nothing.
/// </summary>
internal ref struct PerMessageDeflateScanner
{
    private HeaderValues _lines;
    private ExtensionScanner _parts;
    private bool _isInLine;

    // Whether the scanner is positioned at an extension name that has not been examined yet.
    private bool _isAtName;

    /// <summary>Creates a scanner positioned before the first.</summary>
    /// <param name="headers">Header lines that follow the grammar; see <see cref="ExtensionList.IsValid(HeaderFields)"/>.</param>
    public PerMessageDeflateScanner(HeaderFields headers) => _lines = headers.ValuesOf(ExtensionList.HeaderName);

    /// <summary>Whether RFC 7692 §7.1 allows all of the current parameters, none repeated.</summary>
    public bool IsValid { get; private set; }

    /// <summary>The current parameters, if valid.</summary>
    public PerMessageDeflateParameters Parameters { get; private set; }

    /// <summary>Advances to the next.</summary>
    /// <returns>Whether there was another one.</returns>
    public bool MoveNext()
    {
        while (MoveToName())
        {
            _isAtName = false;
            if (Ascii.Equals(_parts.Name, PerMessageDeflateParameters.ExtensionName))
            {
                ReadParameters();
                return true;
            }
        }

        return false;
    }

    private bool MoveToName()
    {
        while (!_isAtName)
        {
            if (!_isInLine)
            {
                if (!_lines.MoveNext())
                {
                    return false;
                }

                _parts = new ExtensionScanner(_lines.Current);
                _isInLine = true;
            }

            _isInLine = _parts.MoveNext();
            _isAtName = _isInLine && _parts.IsExtension;
        }

        return true;
    }

    private void ReadParameters()
    {
        PerMessageDeflateParameters parameters = default;
        IsValid = true;
        _isInLine = _parts.MoveNext();
        while (_isInLine && !_parts.IsExtension)
        {
            IsValid &= PerMessageDeflateParameters.TryAdd(_parts, ref parameters);
            _isInLine = _parts.MoveNext();
        }

        _isAtName = _isInLine;
        Parameters = parameters;
    }
}
