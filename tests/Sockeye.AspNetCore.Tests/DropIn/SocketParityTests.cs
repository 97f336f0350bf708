using System.Net.Sockets;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Sockeye.Tests;

/// <summary>The accepted socket of ASP.NET Core and that of the drop-in, by the same tests.</summary>
public sealed class SocketParityTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(300);

    [Theory]
    [InlineData(Stack.Stock)]
    [InlineData(Stack.Sockeye)]
    public async Task A_receive_fills_its_buffer_from_a_frame_that_arrives_in_parts(Stack stack)
    {
        byte[] data = new byte[0x1FFFF];
        new Random(1).NextBytes(data);
        Results results = new();
        byte[] buffer = new byte[data.Length];
        await using TestApp app = await DropInApp.AcceptAsync(stack, async socket =>
        {
            results.Add(await socket.ReceiveAsync(buffer.AsMemory(), Patience.Token()));
            results.Done();
        });
        using ClientWebSocket client = await DropInApp.ConnectAsync(app);

        await client.SendAsync(data, WebSocketMessageType.Binary, endOfMessage: true, Patience.Token());

        Assert.Equal([$"{data.Length} Binary end"], await results.All);
        Assert.Equal(data, buffer);
    }

    [Theory]
    [InlineData(Stack.Stock)]
    [InlineData(Stack.Sockeye)]
    public async Task A_receive_ends_with_its_fragment_even_if_the_next_has_arrived(Stack stack)
    {
        Results results = new();
        await using TestApp app = await DropInApp.AcceptAsync(stack, async socket =>
        {
            byte[] buffer = new byte[100];
            for (int i = 0; i < 5; i++)
            {
                results.Add(await socket.ReceiveAsync(buffer.AsMemory(0, 3), Patience.Token()));
            }

            results.Done();
        });
        await using NetworkStream client = await DropInApp.OpenAsync(app);

        // "ab" and "cdef!" as fragments, and an empty message.
        await client.WriteAsync(Convert.FromHexString("0182000000006162" + "808500000000636465662" + "1" + "818000000000"), Patience.Token());

        Assert.Equal(["2 Text", "3 Text", "2 Text end", "0 Text end", "Close"], [.. (await results.Until(4)), "Close"]);
        await client.WriteAsync(Convert.FromHexString("888000000000"), Patience.Token());
        Assert.Equal("0 Close end", (await results.All)[4]);
    }

    [Theory]
    [InlineData(Stack.Stock)]
    [InlineData(Stack.Sockeye)]
    public async Task An_empty_receive_waits_for_a_message_and_takes_nothing_of_it(Stack stack)
    {
        Results results = new();
        await using TestApp app = await DropInApp.AcceptAsync(stack, async socket =>
        {
            results.Add(await socket.ReceiveAsync(Memory<byte>.Empty, Patience.Token()));
            results.Add(await socket.ReceiveAsync(new byte[100].AsMemory(), Patience.Token()));
            results.Add(await socket.ReceiveAsync(Memory<byte>.Empty, Patience.Token()));
            results.Add(await socket.ReceiveAsync(Memory<byte>.Empty, Patience.Token()));
            results.Done();
        });
        using ClientWebSocket client = await DropInApp.ConnectAsync(app);

        await client.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, Patience.Token());
        await client.SendAsync(Array.Empty<byte>(), WebSocketMessageType.Binary, endOfMessage: true, Patience.Token());
        await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, Patience.Token());

        Assert.Equal(["0 Text", "5 Text end", "0 Binary end", "0 Close end"], await results.All);
    }

    [Theory]
    [InlineData(Stack.Stock)]
    [InlineData(Stack.Sockeye)]
    public async Task A_message_longer_than_any_limit_of_Sockeyes_is_received_in_pieces(Stack stack)
    {
        const int length = 40 * 1024 * 1024;
        TaskCompletionSource<(long Length, long Sum)> received = new();
        await using TestApp app = await DropInApp.AcceptAsync(stack, async socket =>
        {
            byte[] buffer = new byte[8192];
            (long total, long sum) = (0, 0);
            ValueWebSocketReceiveResult result;
            do
            {
                result = await socket.ReceiveAsync(buffer.AsMemory(), Patience.Token());
                total += result.Count;
                sum += buffer.AsSpan(0, result.Count).ToArray().Sum(static one => one);
            }
            while (!result.EndOfMessage);
            received.SetResult((total, sum));
        });
        using ClientWebSocket client = await DropInApp.ConnectAsync(app);
        byte[] piece = new byte[1024 * 1024];
        new Random(2).NextBytes(piece);

        for (int i = 0; i < length / piece.Length; i++)
        {
            await client.SendAsync(piece, WebSocketMessageType.Binary, endOfMessage: i == (length / piece.Length) - 1, Patience.Token());
        }

        Assert.Equal((length, (long)(length / piece.Length) * piece.Sum(static one => one)), await received.Task.WithDeadline());
    }

    [Theory]
    [InlineData(Stack.Stock)]
    [InlineData(Stack.Sockeye)]
    public async Task A_client_that_is_not_read_is_held_up(Stack stack)
    {
        TaskCompletionSource release = new();
        await using TestApp app = await DropInApp.AcceptAsync(stack, _ => release.Task);
        await using NetworkStream client = await DropInApp.OpenAsync(app);
        client.Socket.SendBufferSize = 64 * 1024;
        client.Socket.Blocking = false;
        byte[] frame = [0x82, 0xFF, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, .. new byte[64 * 1024]];
        long sent = 0;
        int idle = 0;

        // What the system and Kestrel's pipe take, and some inbox: far less than the gigabyte of the frame.
        await Deadlines.UntilAsync(
            () =>
            {
                int taken = client.Socket.Send(frame, 0, frame.Length, SocketFlags.None, out SocketError error);
                sent += taken;
                idle = error == SocketError.WouldBlock ? idle + 1 : 0;
                frame = taken > 0 ? new byte[64 * 1024] : frame;
                Assert.InRange(sent, 0, 64 * 1024 * 1024);
                return idle == 20;
            },
            "the client is held up");
        release.SetResult();
    }

    [Theory]
    [InlineData(Stack.Stock)]
    [InlineData(Stack.Sockeye)]
    public async Task A_canceled_receive_aborts_the_socket(Stack stack)
    {
        TaskCompletionSource<List<string>> seen = new();
        await using TestApp app = await DropInApp.StartAsync(stack, async context =>
        {
            List<string> log = [];
            TaskCompletionSource aborted = new();
            await using CancellationTokenRegistration registration = context.RequestAborted.Register(aborted.SetResult);
            using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();

            // An abort must not overtake the response.
            await socket.ReceiveAsync(new byte[10].AsMemory(), Patience.Token());
            using var canceled = new CancellationTokenSource();
            Task receiving = socket.ReceiveAsync(new byte[10].AsMemory(), canceled.Token).AsTask();
            await canceled.CancelAsync();
            log.Add(await NameAsync(() => receiving));
            log.Add(socket.State.ToString());
            log.Add(await NameAsync(async () => await socket.ReceiveAsync(new byte[10].AsMemory(), CancellationToken.None)));
            log.Add(await NameAsync(() => SendAsync(socket, CancellationToken.None)));
            await aborted.Task.WithDeadline();
            seen.SetResult(log);
        });
        using ClientWebSocket client = await DropInApp.ConnectAsync(app);
        await SendAsync(client, Patience.Token());

        Assert.Equal(
            ["OperationCanceledException", "Aborted", "WebSocketException InvalidState", "WebSocketException InvalidState"],
            await seen.Task.WithDeadline());
        await Assert.ThrowsAsync<WebSocketException>(async () => await client.ReceiveAsync(new byte[10].AsMemory(), Patience.Token()));
    }

    [Theory]
    [InlineData(Stack.Stock)]
    [InlineData(Stack.Sockeye)]
    public async Task Calls_with_a_token_that_was_canceled_before_abort_only_if_they_receive(Stack stack)
    {
        TaskCompletionSource<List<string>> seen = new();
        await using TestApp app = await DropInApp.AcceptAsync(stack, async socket =>
        {
            await socket.ReceiveAsync(new byte[10].AsMemory(), Patience.Token());
            List<string> log = [];
            var canceled = new CancellationToken(canceled: true);
            log.Add(await NameAsync(() => SendAsync(socket, canceled)));
            log.Add(await NameAsync(() => socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", canceled)));
            log.Add(await NameAsync(() => socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", canceled)));
            log.Add(socket.State.ToString());
            log.Add(await NameAsync(() => socket.ReceiveAsync(new byte[10].AsMemory(), canceled).AsTask()));
            log.Add(socket.State.ToString());
            seen.SetResult(log);
        });
        using ClientWebSocket client = await DropInApp.ConnectAsync(app);
        await SendAsync(client, Patience.Token());

        const string canceled = nameof(OperationCanceledException);
        Assert.Equal([canceled, canceled, canceled, "Open", canceled, "Aborted"], await seen.Task.WithDeadline());
    }

    [Theory]
    [InlineData(Stack.Stock)]
    [InlineData(Stack.Sockeye)]
    public async Task A_canceled_send_to_a_client_that_does_not_read_aborts_the_socket(Stack stack) =>
        await AssertCanceledCallAbortsAsync(stack, static async (socket, token) =>
        {
            while (true)
            {
                await socket.SendAsync(new byte[1024 * 1024], WebSocketMessageType.Binary, endOfMessage: true, token);
            }
        });

    [Theory]
    [InlineData(Stack.Stock)]
    [InlineData(Stack.Sockeye)]
    public async Task A_canceled_close_aborts_the_socket(Stack stack) =>
        await AssertCanceledCallAbortsAsync(
            stack, static (socket, token) => socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", token));

    [Theory]
    [InlineData(Stack.Stock)]
    [InlineData(Stack.Sockeye)]
    public async Task Receives_that_begin_together_each_get_a_message(Stack stack)
    {
        Results results = new();
        await using TestApp app = await DropInApp.AcceptAsync(stack, async socket =>
        {
            Task<ValueWebSocketReceiveResult>[] receives =
                [.. Enumerable.Range(0, 4).Select(_ => socket.ReceiveAsync(new byte[10].AsMemory(), Patience.Token()).AsTask())];
            foreach (ValueWebSocketReceiveResult result in await Task.WhenAll(receives))
            {
                results.Add(result);
            }

            results.Done();
        });
        using ClientWebSocket client = await DropInApp.ConnectAsync(app);

        for (int i = 1; i <= 4; i++)
        {
            await client.SendAsync(new byte[i], WebSocketMessageType.Binary, endOfMessage: true, Patience.Token());
        }

        Assert.Equal(["1 Binary end", "2 Binary end", "3 Binary end", "4 Binary end"], (await results.All).Order());
    }

    [Theory]
    [InlineData(Stack.Stock, true)]
    [InlineData(Stack.Sockeye, true)]
    [InlineData(Stack.Stock, false)]
    [InlineData(Stack.Sockeye, false)]
    public async Task An_application_that_leaves_has_sent_everything_and_no_Close_frame(Stack stack, bool disposes)
    {
        byte[] data = new byte[8 * 1024 * 1024];
        new Random(3).NextBytes(data);
        await using TestApp app = await DropInApp.StartAsync(stack, async context =>
        {
            WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
            await socket.SendAsync(data, WebSocketMessageType.Binary, endOfMessage: true, Patience.Token());
            if (disposes)
            {
                socket.Dispose();
                Assert.Equal(WebSocketState.Closed, socket.State);
            }
        });
        using ClientWebSocket client = await DropInApp.ConnectAsync(app);

        byte[] received = new byte[data.Length];
        ValueWebSocketReceiveResult result = await client.ReceiveAsync(received.AsMemory(), Patience.Token());
        var end = await Assert.ThrowsAsync<WebSocketException>(async () => await client.ReceiveAsync(new byte[1].AsMemory(), Patience.Token()));

        Assert.Equal((data.Length, true), (result.Count, result.EndOfMessage));
        Assert.Equal(data, received);
        Assert.Equal(WebSocketError.ConnectionClosedPrematurely, end.WebSocketErrorCode);
    }

    /// <summary>Over a stream of Kestrel's, the platform's class leaves the receive waiting until the request ends.</summary>
    [Fact]
    public async Task A_socket_that_is_disposed_of_ends_the_receive_that_waits()
    {
        TaskCompletionSource<List<string>> seen = new();
        await using TestApp app = await DropInApp.StartAsync(Stack.Sockeye, async context =>
        {
            WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
            Task receiving = socket.ReceiveAsync(new byte[10].AsMemory(), CancellationToken.None).AsTask();
            socket.Dispose();
            List<string> log = [await NameAsync(() => receiving), socket.State.ToString()];
            log.Add(await NameAsync(() => SendAsync(socket, CancellationToken.None)));
            seen.SetResult(log);
        });
        await using NetworkStream client = await DropInApp.OpenAsync(app);

        Assert.Equal(
            ["WebSocketException ConnectionClosedPrematurely", "Closed", "WebSocketException InvalidState"], await seen.Task.WithDeadline());
        Assert.Equal(0, await client.ReadAsync(new byte[10], Patience.Token()));
    }

    [Theory]
    [InlineData(Stack.Stock)]
    [InlineData(Stack.Sockeye)]
    public async Task A_close_of_the_client_and_one_of_the_application_are_seen_with_codes_and_descriptions(Stack stack)
    {
        TaskCompletionSource<List<string>> seen = new();
        await using TestApp app = await DropInApp.AcceptAsync(stack, async socket =>
        {
            WebSocketReceiveResult result = await socket.ReceiveAsync(new ArraySegment<byte>(new byte[10]), Patience.Token());
            List<string> log = [$"{result.MessageType} {result.CloseStatus} {result.CloseStatusDescription}", socket.State.ToString()];
            await SendAsync(socket, Patience.Token());
            await socket.CloseOutputAsync(WebSocketCloseStatus.EndpointUnavailable, "bye", Patience.Token());
            log.Add(socket.State.ToString());
            seen.SetResult(log);
        });
        using ClientWebSocket client = await DropInApp.ConnectAsync(app);

        await client.CloseOutputAsync(WebSocketCloseStatus.InvalidPayloadData, "what", Patience.Token());
        ValueWebSocketReceiveResult data = await client.ReceiveAsync(new byte[10].AsMemory(), Patience.Token());
        await client.ReceiveAsync(new byte[10].AsMemory(), Patience.Token());

        Assert.Equal(1, data.Count);
        Assert.Equal((WebSocketCloseStatus.EndpointUnavailable, "bye"), (client.CloseStatus, client.CloseStatusDescription));
        Assert.Equal(WebSocketState.Closed, client.State);
        Assert.Equal(["Close InvalidPayloadData what", "CloseReceived", "Closed"], await seen.Task.WithDeadline());
    }

    [Theory]
    [InlineData(Stack.Stock)]
    [InlineData(Stack.Sockeye)]
    public async Task A_client_that_disconnects_ends_the_receive_and_aborts_the_request(Stack stack)
    {
        TaskCompletionSource<List<string>> seen = new();
        await using TestApp app = await DropInApp.StartAsync(stack, async context =>
        {
            TaskCompletionSource aborted = new();
            await using CancellationTokenRegistration registration = context.RequestAborted.Register(aborted.SetResult);
            using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
            List<string> log = [await NameAsync(async () => await socket.ReceiveAsync(new byte[10].AsMemory(), CancellationToken.None))];
            log.Add(socket.State.ToString());
            await aborted.Task.WithDeadline();
            seen.SetResult(log);
        });
        NetworkStream client = await DropInApp.OpenAsync(app);
        client.Socket.LingerState = new LingerOption(enable: true, seconds: 0);
        client.Socket.Dispose();

        Assert.Equal(["WebSocketException ConnectionClosedPrematurely", "Aborted"], await seen.Task.WithDeadline());
    }

    [Theory]
    [InlineData(Stack.Stock)]
    [InlineData(Stack.Sockeye)]
    public async Task An_interval_alone_sends_unsolicited_pongs(Stack stack)
    {
        var options = new WebSocketOptions { KeepAliveInterval = Short };
        await using TestApp app = await DropInApp.AcceptAsync(stack, UntilClosedAsync, options: options);
        await using NetworkStream client = await DropInApp.OpenAsync(app);

        byte[] frames = new byte[4];
        await client.ReadExactlyAsync(frames, Patience.Token());

        Assert.Equal("8A008A00", Convert.ToHexString(frames));
    }

    [Theory]
    [InlineData(Stack.Stock)]
    [InlineData(Stack.Sockeye)]
    public async Task An_interval_and_a_timeout_send_pings_and_abort_a_client_that_does_not_reply(Stack stack)
    {
        TaskCompletionSource<List<string>> seen = new();
        var accept = new WebSocketAcceptContext { KeepAliveInterval = Short, KeepAliveTimeout = Short };
        await using TestApp app = await DropInApp.AcceptAsync(
            stack,
            async socket => seen.SetResult(
                [await NameAsync(() => socket.ReceiveAsync(new byte[10].AsMemory(), CancellationToken.None).AsTask()), socket.State.ToString()]),
            accept);
        await using NetworkStream client = await DropInApp.OpenAsync(app);

        byte[] ping = new byte[10];
        await client.ReadExactlyAsync(ping, Patience.Token());

        Assert.Equal("8908", Convert.ToHexString(ping, 0, 2));
        Assert.Equal(["OperationCanceledException", "Aborted"], await seen.Task.WithDeadline());
    }

    [Theory]
    [InlineData(Stack.Stock)]
    [InlineData(Stack.Sockeye)]
    public async Task A_client_that_replies_to_pings_stays(Stack stack)
    {
        var accept = new WebSocketAcceptContext { KeepAliveInterval = Short, KeepAliveTimeout = Short };
        await using TestApp app = await DropInApp.AcceptAsync(stack, UntilClosedAsync, accept);
        await using NetworkStream client = await DropInApp.OpenAsync(app);
        byte[] ping = new byte[10];

        for (int i = 0; i < 4; i++)
        {
            await client.ReadExactlyAsync(ping, Patience.Token());
            Assert.Equal("8908", Convert.ToHexString(ping, 0, 2));
            await client.WriteAsync(new byte[] { 0x8A, 0x88, 0, 0, 0, 0 }.Concat(ping[2..]).ToArray(), Patience.Token());
        }
    }

    [Theory]
    [InlineData(Stack.Stock)]
    [InlineData(Stack.Sockeye)]
    public async Task Compressed_messages_go_both_ways(Stack stack)
    {
        var accept = new WebSocketAcceptContext { DangerousEnableCompression = true, ServerMaxWindowBits = 13 };
        await using TestApp app = await DropInApp.AcceptAsync(stack, EchoAsync, accept);
        using ClientWebSocket client = await DropInApp.ConnectAsync(app, static options =>
            options.DangerousDeflateOptions = new WebSocketDeflateOptions { ServerMaxWindowBits = 12, ClientMaxWindowBits = 11 });
        var random = new Random(4);

        foreach (int length in new[] { 0, 1, 100, 8193, 300_000 })
        {
            byte[] data = new byte[length];
            random.NextBytes(data);
            data.AsSpan(0, length / 2).Clear();
            await client.SendAsync(data, WebSocketMessageType.Binary, endOfMessage: true, Patience.Token());
            Assert.Equal(data, await ReadMessageAsync(client));
        }
    }

    private static async Task AssertCanceledCallAbortsAsync(Stack stack, Func<WebSocket, CancellationToken, Task> call)
    {
        TaskCompletionSource<List<string>> seen = new();
        await using TestApp app = await DropInApp.AcceptAsync(stack, async socket =>
        {
            using var canceled = new CancellationTokenSource(Short);
            string outcome = await NameAsync(() => call(socket, canceled.Token));
            seen.SetResult([outcome, socket.State.ToString()]);
        });
        await using NetworkStream client = await DropInApp.OpenAsync(app);

        Assert.Equal(["OperationCanceledException", "Aborted"], await seen.Task.WithDeadline());
    }

    private static async Task UntilClosedAsync(WebSocket socket)
    {
        byte[] buffer = new byte[1024];
        while ((await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None)).MessageType != WebSocketMessageType.Close)
        {
        }
    }

    private static async Task EchoAsync(WebSocket socket)
    {
        byte[] buffer = new byte[1024];
        while (await socket.ReceiveAsync(buffer.AsMemory(), Patience.Token()) is { MessageType: not WebSocketMessageType.Close } result)
        {
            await socket.SendAsync(buffer.AsMemory(0, result.Count), result.MessageType, result.EndOfMessage, Patience.Token());
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Patience.Token());
    }

    private static async Task<byte[]> ReadMessageAsync(WebSocket socket)
    {
        using var message = new MemoryStream();
        byte[] buffer = new byte[4096];
        ValueWebSocketReceiveResult result;
        do
        {
            result = await socket.ReceiveAsync(buffer.AsMemory(), Patience.Token());
            message.Write(buffer, 0, result.Count);
        }
        while (!result.EndOfMessage);
        return message.ToArray();
    }

    private static Task SendAsync(WebSocket socket, CancellationToken cancellationToken) =>
        socket.SendAsync(new byte[1].AsMemory(), WebSocketMessageType.Binary, endOfMessage: true, cancellationToken).AsTask();

    private static async Task<string> NameAsync(Func<Task> call)
    {
        try
        {
            await call().WithDeadline();
            return "done";
        }
        catch (WebSocketException exception)
        {
            return $"{nameof(WebSocketException)} {exception.WebSocketErrorCode}";
        }
        catch (OperationCanceledException)
        {
            // Or a class derived from it.
            return nameof(OperationCanceledException);
        }
        catch (Exception exception)
        {
            return exception.GetType().Name;
        }
    }

    /// <summary>What receives returned.</summary>
    private sealed class Results
    {
        private readonly List<string> _all = [];
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<string[]> All => AllAsync();

        public void Add(ValueWebSocketReceiveResult result)
        {
            lock (_all)
            {
                _all.Add($"{result.Count} {result.MessageType}{(result.EndOfMessage ? " end" : "")}");
            }
        }

        public void Done() => _done.SetResult();

        public async Task<string[]> Until(int count)
        {
            await Deadlines.UntilAsync(() => { lock (_all) { return _all.Count >= count; } }, "receives");
            lock (_all)
            {
                return [.. _all.Take(count)];
            }
        }

        private async Task<string[]> AllAsync()
        {
            await _done.Task.WithDeadline();
            lock (_all)
            {
                return [.. _all];
            }
        }
    }
}
