using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using JetBrains.Annotations;
using Sockeye.Json;

namespace Sockeye;

/// <summary>Sends and receives values as JSON, one in each message (RFC 8259), with System.Text.Json.</summary>
/// <remarks>
/// Types are described by a <see cref="JsonTypeInfo{T}"/>, such as a property of a source-generated <c>JsonSerializerContext</c>: no
/// reflection is needed, so programs can be trimmed and compiled ahead of time. Its options apply, among them
/// <see cref="JsonSerializerOptions.MaxDepth"/>, 64 levels by default, which bounds what a peer can nest.
/// </remarks>
public static class WebSocketJsonExtensions
{
    /// <summary>Sends a value as a text message.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="value">The value. It is serialized before this method returns.</param>
    /// <param name="typeInfo">How its type is serialized.</param>
    /// <param name="cancellationToken">Withdraws the message while it waits for room in the send buffer.</param>
    /// <returns>As for <see cref="WebSocketConnection.SendAsync(string, CancellationToken)"/>.</returns>
    /// <exception cref="JsonException">The value cannot be serialized. Nothing is sent.</exception>
    /// <exception cref="WebSocketClosedException">The connection is closing or closed.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled before the message was accepted.</exception>
    public static ValueTask SendJsonAsync<T>(
        this WebSocketConnection connection, T value, JsonTypeInfo<T> typeInfo, CancellationToken cancellationToken = default) =>
        SendJsonAsync(connection, value, typeInfo, default, cancellationToken);

    /// <summary>Sends a value as a text message, with options.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="value">The value. It is serialized before this method returns.</param>
    /// <param name="typeInfo">How its type is serialized.</param>
    /// <param name="options">Whether the message may be compressed, its key, and the policy for a slow peer.</param>
    /// <param name="cancellationToken">Withdraws the message while it waits for room in the send buffer.</param>
    /// <returns>As for <see cref="WebSocketConnection.SendAsync(string, CancellationToken)"/>.</returns>
    /// <exception cref="JsonException">The value cannot be serialized. Nothing is sent.</exception>
    /// <exception cref="WebSocketClosedException">The connection is closing or closed.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled before the message was accepted.</exception>
    public static ValueTask SendJsonAsync<T>(
        this WebSocketConnection connection, T value, JsonTypeInfo<T> typeInfo, WebSocketSendOptions options,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(typeInfo);

        // The send owns the array from here on, and returns it.
        ArraySegment<byte> json = JsonBytes.Write(value, typeInfo, connection.Core.Settings.Pool);
        return connection.SendRentedAsync(json, WebSocketMessageKind.Text, options, cancellationToken);
    }

    /// <summary>Sends a value as a text message now or not at all.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="value">The value.</param>
    /// <param name="typeInfo">How its type is serialized.</param>
    /// <param name="options">Whether the message may be compressed, its key, and the policy for a slow peer.</param>
    /// <returns>As for <see cref="WebSocketConnection.TrySend(ReadOnlySpan{byte}, WebSocketMessageKind, bool)"/>.</returns>
    /// <exception cref="JsonException">The value cannot be serialized. Nothing is sent.</exception>
    [MustUseReturnValue]
    public static WebSocketSendResult TrySendJson<T>(
        this WebSocketConnection connection, T value, JsonTypeInfo<T> typeInfo, WebSocketSendOptions options = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(typeInfo);
        ArrayPool<byte> pool = connection.Core.Settings.Pool;
        ArraySegment<byte> json = JsonBytes.Write(value, typeInfo, pool);
        try
        {
            return connection.TrySend(json, WebSocketMessageKind.Text, options);
        }
        finally
        {
            pool.Return(json.Array!);
        }
    }

    /// <summary>Receives the next message as a value, or waits for one.</summary>
    /// <param name="connection">The connection. It has no handler.</param>
    /// <param name="typeInfo">How its type is deserialized.</param>
    /// <param name="cancellationToken">Ends the wait. No message is lost: the next receive gets it.</param>
    /// <returns>
    /// The value; <see langword="null"/> if the connection has ended cleanly, as for <see cref="WebSocketConnection.ReceiveAsync"/>. For a
    /// value type, use <see cref="ReadAllJsonAsync"/>.
    /// </returns>
    /// <exception cref="WebSocketJsonException">
    /// The message is not JSON of this type, is nested too deeply, or is <c>null</c>. The connection stays open: receive the next.
    /// </exception>
    /// <exception cref="WebSocketClosedException">As for <see cref="WebSocketConnection.ReceiveAsync"/>.</exception>
    /// <exception cref="InvalidOperationException">As for <see cref="WebSocketConnection.ReceiveAsync"/>.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public static async ValueTask<T?> ReceiveJsonAsync<T>(
        this WebSocketConnection connection, JsonTypeInfo<T> typeInfo, CancellationToken cancellationToken = default)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(typeInfo);
        return await connection.ReceiveAsync(cancellationToken).ConfigureAwait(false) is { } message ? message.GetJson(typeInfo) : null;
    }

    /// <summary>Receives one value after another until the connection ends.</summary>
    /// <param name="connection">The connection. It has no handler.</param>
    /// <param name="typeInfo">How their type is deserialized.</param>
    /// <param name="cancellationToken">Ends the wait. No message is lost: another enumeration gets it.</param>
    /// <returns>The values. The enumeration ends where <see cref="WebSocketConnection.ReceiveAsync"/> returns <see langword="null"/>.</returns>
    /// <exception cref="WebSocketJsonException">
    /// A message is not JSON of this type, is nested too deeply, or is <c>null</c>. The enumeration ends, and the connection stays open:
    /// enumerate again to go on with the next.
    /// </exception>
    /// <exception cref="WebSocketClosedException">As for <see cref="WebSocketConnection.ReceiveAsync"/>.</exception>
    /// <exception cref="InvalidOperationException">As for <see cref="WebSocketConnection.ReceiveAsync"/>.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public static async IAsyncEnumerable<T> ReadAllJsonAsync<T>(
        this WebSocketConnection connection, JsonTypeInfo<T> typeInfo,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
        where T : notnull
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(typeInfo);
        await foreach (WebSocketMessage message in connection.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            yield return message.GetJson(typeInfo);
        }
    }

    /// <summary>Deserializes a message, such as one that a handler was called with.</summary>
    /// <param name="message">The message, while it is on loan.</param>
    /// <param name="typeInfo">How its type is deserialized.</param>
    /// <returns>The value.</returns>
    /// <exception cref="WebSocketJsonException">The message is not JSON of this type, is nested too deeply, or is <c>null</c>.</exception>
    public static T GetJson<T>(this WebSocketMessage message, JsonTypeInfo<T> typeInfo)
        where T : notnull =>
        Read(message, typeInfo, out T? value) is { } exception ? throw exception : value!;

    /// <summary>Deserializes a message, if it is JSON of a type.</summary>
    /// <param name="message">The message, while it is on loan.</param>
    /// <param name="typeInfo">How its type is deserialized.</param>
    /// <param name="value">The value.</param>
    /// <returns>Whether the message is JSON of this type, not nested too deeply, and not <c>null</c>.</returns>
    public static bool TryGetJson<T>(this WebSocketMessage message, JsonTypeInfo<T> typeInfo, [NotNullWhen(true)] out T? value)
        where T : notnull =>
        Read(message, typeInfo, out value) is null;

    private static WebSocketJsonException? Read<T>(WebSocketMessage message, JsonTypeInfo<T> typeInfo, out T? value)
    {
        ArgumentNullException.ThrowIfNull(typeInfo);
        Exception? cause = null;
        value = default;
        try
        {
            // Besides the JSON, its values may be invalid: without the discriminator of a derived type, or rejected by a constructor.
            value = JsonSerializer.Deserialize(message.Payload.Span, typeInfo);
        }
        catch (Exception exception)
            when (exception is JsonException or NotSupportedException or ArgumentException or FormatException or OverflowException)
        {
            cause = exception;
        }

        return value is null || cause is not null
            ? new WebSocketJsonException(typeof(T), message.Payload.Span, message.Kind, cause)
            : null;
    }
}
