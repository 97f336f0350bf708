namespace Sockeye.Protocol;

/// <summary>The values of every line of one name, in their order, for <c>foreach</c>. Allocates nothing.</summary>
internal ref struct HeaderValues
{
    private readonly HeaderFields _fields;
    private readonly ReadOnlySpan<byte> _name;
    private int _index;

    /// <summary>Begins before the first value.</summary>
    public HeaderValues(HeaderFields fields, ReadOnlySpan<byte> name)
    {
        _fields = fields;
        _name = name;
        _index = -1;
    }

    /// <summary>The value that <see cref="MoveNext"/> has found.</summary>
    public readonly ReadOnlySpan<byte> Current => _fields.Value(_index);

    /// <summary>The values themselves, which <c>foreach</c> asks for.</summary>
    public readonly HeaderValues GetEnumerator() => this;

    /// <summary>Goes to the next value.</summary>
    /// <returns>Whether there is one.</returns>
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
