using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>Defaults of unset options on a server and on a client: each role has its own.</summary>
public sealed class RoleDefaultsTests
{
    // Each sets something that has nothing to do with the defaults of the role.
    private static readonly WebSocketConnectionOptions[] SomethingElse =
    [
        new(),
        new() { CloseTimeout = TimeSpan.FromSeconds(1) },
        new() { Limits = new() { MaxInboxLength = 1_000 } },
        new WebSocketConnectionOptions() with { KeepAlive = KeepAliveOptions.Disabled },
    ];

    // 82 (binary, FIN) 7F: the length is in the next 8 bytes.
    [Theory]
    [InlineData("server", "82 FF 00 00 00 00 00 10 00 00 01 02 03 04", false)]
    [InlineData("server", "82 FF 00 00 00 00 00 10 00 01 01 02 03 04", true)]
    [InlineData("client", "82 7F 00 00 00 00 01 00 00 00", false)]
    [InlineData("client", "82 7F 00 00 00 00 01 00 00 01", true)]
    public void A_server_receives_messages_of_1_MiB_and_a_client_of_16_MiB(string role, string header, bool isTooLong)
    {
        foreach (WebSocketConnectionOptions options in SomethingElse)
        {
            var test = new TestConnection(RoleOf(role), options: options);

            test.Transport.Feed(Wire.Bytes(header));

            Assert.Equal(isTooLong ? "Close 1009" : "", test.Wire());
        }
    }

    [Theory]
    [InlineData("server", "")]
    [InlineData("client", "received")]
    public void A_server_stops_delivery_while_its_send_buffer_is_full_and_a_client_goes_on(string role, string expected)
    {
        foreach (WebSocketConnectionOptions options in SomethingElse)
        {
            var handler = new RecordingHandler();
            var test = new TestConnection(
                RoleOf(role), handler, options with { Limits = options.Limits with { MaxSendBufferLength = 100 } });
            test.Transport.Capacity = 0;
            test.Connection.TrySend(new byte[200]);

            test.Receive("received");

            Assert.Equal(expected, handler.Events);
        }
    }

    [Theory]
    [InlineData("server", 10, "")]
    [InlineData("client", 10, "")]
    [InlineData("server", 11, "Close 1009")]
    [InlineData("client", 11, "Close 1009")]
    public void An_option_that_is_set_is_the_same_on_both(string role, int length, string expected)
    {
        var test = new TestConnection(RoleOf(role), options: new() { Limits = new() { MaxMessageLength = 10 } });

        test.Receive(Opcode.Binary, new byte[length]);

        Assert.Equal(expected, test.Wire());
    }

    private static Role RoleOf(string role) => role == "server" ? Role.Server : Role.Client;
}
