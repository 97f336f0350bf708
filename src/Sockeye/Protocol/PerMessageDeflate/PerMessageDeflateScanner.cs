using System.Text;

namespace Sockeye.Protocol;

/// <summary>
/// Goes through all offers of permessage-deflate, or the one response, in Sec-WebSocket-Extensions, whatever other
/// extensions stand between them. Allocates nothing.
/// </summary>
internal ref struct PerMessageDeflateScanner
{
    private HeaderValues _lines;
    private ExtensionScanner _parts;
    private bool _isInLine;

    // The scanner stands at an extension's name, which is still to be looked at.
    private bool _isAtName;

    /// <summary>Begins before the first.</summary>
    /// <param name="headers">Header lines that follow the grammar: <see cref="ExtensionList.IsValid(HeaderFields)"/>.</param>
    public PerMessageDeflateScanner(HeaderFields headers) => _lines = headers.ValuesOf(ExtensionList.HeaderName);

    /// <summary>Whether all its parameters are what RFC 7692 §7.1 allows, each there once.</summary>
    public bool IsValid { get; private set; }

    /// <summary>Its parameters, if it is valid.</summary>
    public PerMessageDeflateParameters Parameters { get; private set; }

    /// <summary>Goes to the next.</summary>
    /// <returns>Whether there is one.</returns>
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
