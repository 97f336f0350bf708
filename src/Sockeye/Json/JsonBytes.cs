using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Sockeye.Memory;

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
    private GatheredBytes _written = new(FirstLength);

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

            // The writer asks for memory before it writes anything, and a value is never empty.
            return bytes._written.Detach();
        }
        finally
        {
            bytes.Reset();
            Spare = bytes;
        }
    }

    /// <inheritdoc/>
    public void Advance(int count) => _written.Advance(count);

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0) => _written.Reserve(_pool, Math.Max(sizeHint, 1));

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

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

    // After a failed value, returns what was written of it.
    private void Reset()
    {
        _written.Release(_pool);
        _writer.Reset(this);
    }
}
