using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Sockeye.Connections;
using Sockeye.Protocol;
using Sockeye.Timing;

namespace Sockeye.Tests;

/// <summary>Values as JSON.</summary>
public sealed class JsonTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_value_is_sent_as_a_text_message(bool isAsynchronous)
    {
        var test = new TestConnection();
        var order = new OrderValue("größer", 3);

        if (isAsynchronous)
        {
            Assert.True(test.Connection.SendJsonAsync(order, Values.Default.OrderValue).IsCompletedSuccessfully);
        }
        else
        {
            Assert.Equal(WebSocketSendResult.Sent, test.Connection.TrySendJson(order, Values.Default.OrderValue));
        }

        RawFrame frame = Assert.Single(test.Frames());
        Assert.Equal(RawOpcode.Text, frame.Opcode);
        Assert.Equal(order, JsonSerializer.Deserialize(frame.Payload, Values.Default.OrderValue));
        Assert.Equal(0, test.Pool.OutCount);
    }

    [Fact]
    public void A_long_value_is_sent_whole()
    {
        var test = new TestConnection();
        var order = new OrderValue(new string('x', 300_000), 3);

        Assert.True(test.Connection.SendJsonAsync(order, Values.Default.OrderValue).IsCompletedSuccessfully);

        Assert.Equal(order, JsonSerializer.Deserialize(Assert.Single(test.Frames()).Payload, Values.Default.OrderValue));
        Assert.Equal(0, test.Pool.OutCount);
    }

    [Fact]
    public void Sending_a_short_value_allocates_nothing_once_warm()
    {
        var settings = new ConnectionSettings(
            Role.Server, new WebSocketConnectionOptions(), new DeadlineWheel(new ManualTimeProvider()), NullLogger.Instance);
        var connection = new WebSocketConnection(new InMemoryTransport { KeepsOutput = false }, settings, handler: null);
        var order = new OrderValue("a", 3);
        Send(100);

        long before = GC.GetAllocatedBytesForCurrentThread();
        Send(1_000);

        void Send(int count)
        {
            for (int i = 0; i < count; i++)
            {
                _ = connection.SendJsonAsync(order, Values.Default.OrderValue);
            }
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000);
    }

    [Fact]
    public void A_value_that_cannot_be_serialized_sends_nothing_and_the_next_is_sent()
    {
        var test = new TestConnection();

        Assert.Throws<InvalidOperationException>(() => _ = test.Connection.SendJsonAsync(new HostileValue(), Values.Default.HostileValue));
        Assert.Equal("", test.Wire());
        Assert.Equal(0, test.Pool.OutCount);

        Assert.Equal(WebSocketSendResult.Sent, test.Connection.TrySendJson(new OrderValue("a", 1), Values.Default.OrderValue));
        Assert.Equal("""Text '{"Name":"a","Count":1}'""", test.Wire());
    }

    [Fact]
    public void A_converter_that_sends_another_value_does_not_disturb_the_first()
    {
        var test = new TestConnection();
        ReentrantValue.Inner = () => _ = test.Connection.TrySendJson(new OrderValue("inner", 1), Values.Default.OrderValue);

        Assert.Equal(WebSocketSendResult.Sent, test.Connection.TrySendJson(new ReentrantValue(), Values.Default.ReentrantValue));

        Assert.Equal("""Text '{"Name":"inner","Count":1}', Text '{"Name":"outer"}'""", test.Wire());
        Assert.Equal(0, test.Pool.OutCount);
    }

    [Fact]
    public async Task Values_are_received_until_the_connection_ends()
    {
        var test = new TestConnection();
        test.Receive("""{"Name":"a","Count":1}""");
        test.Receive(Opcode.Binary, """ {"Count":2, "Name":"b"} """u8);
        test.ReceiveClose();

        Assert.Equal(new OrderValue("a", 1), await test.Connection.ReceiveJsonAsync(Values.Default.OrderValue).AsTask().WithDeadline());
        List<OrderValue> rest = [];
        await foreach (OrderValue order in test.Connection.ReadAllJsonAsync(Values.Default.OrderValue))
        {
            rest.Add(order);
        }

        Assert.Equal([new OrderValue("b", 2)], rest);
        Assert.Null(await test.Connection.ReceiveJsonAsync(Values.Default.OrderValue).AsTask().WithDeadline());
    }

    [Theory]
    [InlineData("")]
    [InlineData("no JSON")]
    [InlineData("""{"Name":"a","Count":1} {}""")]
    [InlineData("""{"Name":"a","Count":"many"}""")]
    [InlineData("""{"Name":"a","Count":1""")]
    [InlineData("[1]")]
    [InlineData("null")]
    [InlineData("\uFEFF{\"Name\":\"a\",\"Count\":1}")]
    public async Task A_message_that_is_not_JSON_of_the_type_is_an_error_that_does_not_end_the_connection(string text)
    {
        var test = new TestConnection();
        test.Receive(text);
        test.Receive("""{"Name":"next","Count":1}""");

        var exception = await Assert.ThrowsAsync<WebSocketJsonException>(
            () => test.Connection.ReceiveJsonAsync(Values.Default.OrderValue).AsTask().WithDeadline());

        Assert.Equal(typeof(OrderValue), exception.Type);
        Assert.Equal(WebSocketMessageKind.Text, exception.Kind);
        Assert.Equal(text, System.Text.Encoding.UTF8.GetString(exception.Payload.Span));
        Assert.Equal(exception.Payload.Length, exception.Length);
        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
        Assert.Equal("next", (await test.Connection.ReceiveJsonAsync(Values.Default.OrderValue).AsTask().WithDeadline())!.Name);
    }

    [Fact]
    public async Task An_enumeration_can_go_on_behind_a_message_that_is_not_JSON()
    {
        var test = new TestConnection();
        foreach (string text in new[] { "1", "two", "3" })
        {
            test.Receive(text);
        }

        test.ReceiveClose();
        List<int> numbers = [];
        int errors = 0;
        while (errors < 2 && numbers.Count < 2)
        {
            try
            {
                await foreach (int number in test.Connection.ReadAllJsonAsync(Values.Default.Int32))
                {
                    numbers.Add(number);
                }
            }
            catch (WebSocketJsonException)
            {
                errors++;
            }
        }

        Assert.Equal([1, 3], numbers);
        Assert.Equal(1, errors);
    }

    [Fact]
    public void Nesting_is_limited_by_the_options_of_the_type()
    {
        var test = new TestConnection();
        test.Receive(new string('[', 64) + new string(']', 64));
        test.Receive(new string('[', 65) + new string(']', 65));

        Assert.True(Next(test).TryGetJson(Values.Default.JsonElement, out _));
        Assert.False(Next(test).TryGetJson(Values.Default.JsonElement, out _));
    }

    [Theory]
    [InlineData("{\"Side\":1}")]
    [InlineData("{\"$type\":\"circle\",\"Radius\":-1}")]
    public async Task JSON_whose_values_are_invalid_is_the_same_error(string text)
    {
        // Without the discriminator of a derived type, or with a value that its constructor rejects.
        var test = new TestConnection();
        test.Receive(text);
        await Assert.ThrowsAsync<WebSocketJsonException>(
            () => test.Connection.ReceiveJsonAsync(Values.Default.ShapeValue).AsTask().WithDeadline());
        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
    }

    [Fact]
    public void The_options_of_the_type_apply_to_what_is_sent()
    {
        var options = new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, WriteIndented = true };
        var values = new Values(options);
        var order = new OrderValue("größer <b>", 3);
        var test = new TestConnection();

        Assert.Equal(WebSocketSendResult.Sent, test.Connection.TrySendJson(order, values.OrderValue));

        string sent = System.Text.Encoding.UTF8.GetString(Assert.Single(test.Frames()).Payload);
        Assert.Equal(JsonSerializer.Serialize(order, values.OrderValue), sent);
        Assert.Contains("größer <b>", sent, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_message_that_is_not_JSON_is_copied_in_part()
    {
        var test = new TestConnection();
        test.Receive(new string('x', 5_000));
        var exception = Assert.Throws<WebSocketJsonException>(() => Next(test).GetJson(Values.Default.OrderValue));
        Assert.Equal((5_000, 1_024), (exception.Length, exception.Payload.Length));
        Assert.IsType<JsonException>(exception.InnerException, exactMatch: false);
    }

    [Fact]
    public void A_value_is_prepared_once_for_many_connections()
    {
        WebSocketPreparedMessage message = WebSocketPreparedMessage.Json(new OrderValue("a", 1), Values.Default.OrderValue, key: "k");
        TestConnection[] tests = [new(), new(Role.Client)];
        foreach (TestConnection test in tests)
        {
            Assert.Equal(WebSocketSendResult.Sent, test.Connection.TrySend(message));
            Assert.Equal("""Text '{"Name":"a","Count":1}'""", test.Wire());
        }

        Assert.Equal("k", message.Key);
    }

    private static WebSocketMessage Next(TestConnection test) => test.Connection.ReceiveAsync().GetAwaiter().GetResult()!.Value;
}
