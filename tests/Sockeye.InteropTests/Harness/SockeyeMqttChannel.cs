using System.Buffers;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using MQTTnet;
using MQTTnet.Adapter;
using MQTTnet.Channel;
using MQTTnet.Diagnostics.Logger;
using MQTTnet.Formatter;
using MQTTnet.Implementations;

namespace Sockeye.Tests;

/// <summary>
/// MQTTnet's channel over a WebSocket, which is given a connection of Sockeye: by itself it connects a
/// <see cref="System.Net.WebSockets.ClientWebSocket"/>.
/// </summary>
internal sealed class SockeyeMqttChannel(Uri address) : IMqttChannel
{
    private WebSocketConnection? _connection;
    private MqttWebSocketChannel? _channel;

    public EndPoint? RemoteEndPoint => _channel?.RemoteEndPoint;

    public EndPoint? LocalEndPoint => _channel?.LocalEndPoint;

    public X509Certificate2? ClientCertificate => null;

    public bool IsSecureConnection => false;

    public Task<WebSocketCloseResult> Closed => _connection!.Closed;

    public async Task ConnectAsync(CancellationToken cancellationToken)
    {
        _connection = await WebSocketClient.ConnectAsync(
            address, new WebSocketClientOptions { Subprotocols = ["mqtt"] }, cancellationToken);
        _channel = new MqttWebSocketChannel(_connection.AsWebSocket(), _connection.RemoteEndPoint!, isSecureConnection: false, clientCertificate: null);
    }

    public Task DisconnectAsync(CancellationToken cancellationToken) => _channel!.DisconnectAsync(cancellationToken);

    public Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        _channel!.ReadAsync(buffer, offset, count, cancellationToken);

    public Task WriteAsync(ReadOnlySequence<byte> buffer, bool isEndOfPacket, CancellationToken cancellationToken) =>
        _channel!.WriteAsync(buffer, isEndOfPacket, cancellationToken);

    public void Dispose() => _channel?.Dispose();

    /// <summary>Has a client of MQTTnet use the channel.</summary>
    public sealed class Factory(SockeyeMqttChannel channel) : IMqttClientAdapterFactory
    {
        public IMqttChannelAdapter CreateClientAdapter(
            MqttClientOptions options, MqttPacketInspector packetInspector, IMqttNetLogger logger) =>
            new MqttChannelAdapter(
                channel, new MqttPacketFormatterAdapter(options.ProtocolVersion, new MqttBufferWriter(4096, 65_535)), logger)
            {
                AllowPacketFragmentation = options.AllowPacketFragmentation,
            };
    }
}
