namespace Sockeye.Protocol;

/// <summary>Enumerates the values of all lines with one name, in their order, for <c>foreach</c>. Allocates nothing.</summary>
internal ref struct HeaderValues
{
    private readonly HeaderFields _fields;
    private readonly ReadOnlySpan<byte> _name;
    private int _index;

    /// <summary>Creates an enumerator positioned before the first value.</summary>
    public HeaderValues(HeaderFields fields, ReadOnlySpan<byte> name)
    {
        _fields = fields;
        _name = name;
        _index = -1;
    }

    /// <summary>The current value, after <see cref="MoveNext"/>.</summary>
    public readonly ReadOnlySpan<byte> Current => _fields.Value(_index);

    /// <summary>Returns this enumerator, as <c>foreach</c> requires.</summary>
    public readonly HeaderValues GetEnumerator() => this;

    /// <summary>Advances to the next value.</summary>
    /// <returns>Whether there was another value.</returns>
    public bool MoveNext()
    {
        int next = _fields.IndexOf(_name, _index + 1);
        if (next < 0)
        {
            return false;
        }

        _index = next;
        return true;
    }
}
