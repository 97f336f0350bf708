using System.Buffers;
using System.Threading.Channels;
using MQTTnet;
using MQTTnet.Protocol;

namespace Sockeye.Tests;

/// <summary>MQTTnet over a connection of Sockeye, with mosquitto as the broker.</summary>
public sealed class MqttTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Messages_of_every_quality_of_service_pass_through_a_broker(bool allowPacketFragmentation)
    {
        await using Mosquitto broker = await Mosquitto.StartAsync();
        SockeyeMqttChannel channel = new(broker.Address);
        using IMqttClient client = new MqttClientFactory().CreateMqttClient(new SockeyeMqttChannel.Factory(channel));
        Channel<byte[]> received = Channel.CreateUnbounded<byte[]>();
        client.ApplicationMessageReceivedAsync += message =>
        {
            received.Writer.TryWrite(message.ApplicationMessage.Payload.ToArray());
            return Task.CompletedTask;
        };
        MqttClientOptionsBuilder options = new MqttClientOptionsBuilder()
            .WithWebSocketServer(server => server.WithUri(broker.Address.AbsoluteUri))
            .WithTimeout(Deadline.Length);
        if (!allowPacketFragmentation)
        {
            options = options.WithoutPacketFragmentation();
        }

        MqttClientConnectResult connected = await client.ConnectAsync(options.Build(), Deadline.Token());
        await client.SubscribeAsync(
            new MqttClientSubscribeOptionsBuilder()
                .WithTopicFilter("sockeye/#", MqttQualityOfServiceLevel.ExactlyOnce).Build(),
            Deadline.Token());
        // mosquitto takes seconds to read a long message of a WebSocket, from any client.
        foreach (int length in (int[])[0, 1, 10_000])
        {
            foreach (MqttQualityOfServiceLevel quality in Enum.GetValues<MqttQualityOfServiceLevel>())
            {
                byte[] payload = new byte[length];
                new Random(length).NextBytes(payload);
                await client.PublishAsync(
                    new MqttApplicationMessageBuilder().WithTopic("sockeye/a").WithPayload(payload)
                        .WithQualityOfServiceLevel(quality).Build(),
                    Deadline.Token());
                Assert.Equal(payload, await received.Reader.ReadAsync(Deadline.Token()));
            }
        }

        await client.PingAsync(Deadline.Token());
        Assert.Equal(MqttClientConnectResultCode.Success, connected.ResultCode);
        await client.DisconnectAsync(new MqttClientDisconnectOptions(), Deadline.Token());
        await channel.Closed.WaitAsync(Deadline.Length);
    }
}
