using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Sockeye.Json;

/// <summary>
/// Serializes values into rented memory. Each thread keeps one writer, so that a value costs no allocation besides what its converters
/// allocate.
/// </summary>
internal sealed class JsonBytes : IBufferWriter<byte>
{
    private const int FirstLength = 1024;

    // What the runtime's own serializer uses: System.Text.Json escapes and checks nothing less for it.
    private static readonly JsonWriterOptions Options = new() { SkipValidation = true };

    [ThreadStatic]
    private static JsonBytes? Spare;

    private readonly Utf8JsonWriter _writer;
    private ArrayPool<byte> _pool = ArrayPool<byte>.Shared;
    private byte[] _array = [];
    private int _length;

    private JsonBytes() => _writer = new Utf8JsonWriter(this, Options);

    /// <summary>Serializes a value as UTF-8.</summary>
    /// <param name="value">The value.</param>
    /// <param name="typeInfo">How its type is serialized.</param>
    /// <param name="pool">Where the memory is rented, which the caller returns.</param>
    /// <returns>An array that begins with the bytes, and their number.</returns>
    /// <exception cref="JsonException">The value cannot be serialized, such as one with a cycle.</exception>
    public static ArraySegment<byte> Write<T>(T value, JsonTypeInfo<T> typeInfo, ArrayPool<byte> pool)
    {
        // Taken away meanwhile: a converter of the application may send another value.
        JsonBytes bytes = Spare ?? new JsonBytes();
        Spare = null;
        try
        {
            bytes._pool = pool;
            bytes.Serialize(value, typeInfo);
            return new ArraySegment<byte>(bytes.Detach(out int length), 0, length);
        }
        finally
        {
            bytes.Reset();
            Spare = bytes;
        }
    }

    /// <inheritdoc/>
    public void Advance(int count) => _length += count;

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0) => Reserve(sizeHint).AsMemory(_length);

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0) => Reserve(sizeHint).AsSpan(_length);

    private void Serialize<T>(T value, JsonTypeInfo<T> typeInfo)
    {
        JsonSerializerOptions options = typeInfo.Options;
        if (options is { Encoder: null, WriteIndented: false })
        {
            JsonSerializer.Serialize(_writer, value, typeInfo);
            _writer.Flush();
            return;
        }

        using var writer = new Utf8JsonWriter(this, new JsonWriterOptions
        {
            Encoder = options.Encoder,
            Indented = options.WriteIndented,
            IndentCharacter = options.IndentCharacter,
            IndentSize = options.IndentSize,
            NewLine = options.NewLine,
            SkipValidation = true,
        });
        JsonSerializer.Serialize(writer, value, typeInfo);
    }

    private byte[] Detach(out int length)
    {
        // The writer asks for memory before it writes anything, and a value is never empty.
        byte[] array = _array;
        length = _length;
        _array = [];
        return array;
    }

    // After a failed value, returns what was written of it.
    private void Reset()
    {
        ReturnArray();
        _array = [];
        _length = 0;
        _writer.Reset(this);
    }

    private byte[] Reserve(int sizeHint)
    {
        int needed = _length + Math.Max(sizeHint, 1);
        if (needed > _array.Length)
        {
            byte[] longer = _pool.Rent(Math.Max(Math.Max(needed, 2 * _array.Length), FirstLength));
            _array.AsSpan(0, _length).CopyTo(longer);
            ReturnArray();
            _array = longer;
        }

        return _array;
    }

    private void ReturnArray()
    {
        if (_array.Length != 0)
        {
            _pool.Return(_array);
        }
    }
}
