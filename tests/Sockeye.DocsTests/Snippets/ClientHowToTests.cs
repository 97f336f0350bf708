using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Sockeye.Tests;

public sealed class ClientHowToTests
{
    [Fact]
    public async Task Json_is_serialized_to_and_from_UTF8_messages()
    {
        await using var server = await WebSocketServer.StartAsync(0, new Echo());
        await using var connection = await WebSocketClient.ConnectAsync($"ws://localhost:{server.Port}/");

        // snippet: json
        var order = new Order("AB-12", 3);
        await connection.SendTextAsync(JsonSerializer.SerializeToUtf8Bytes(order));
        WebSocketMessage? reply = await connection.ReceiveAsync();
        Order? confirmed = reply is null ? null : JsonSerializer.Deserialize<Order>(reply.Value.Payload.Span);
        // end snippet

        Assert.Equal(order, confirmed);
    }

    [Fact]
    public async Task A_reconnecting_client_gets_a_token_for_each_attempt()
    {
        List<string?> seen = [];
        await using var server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions
            {
                EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
                OnUpgrade = (request, _) =>
                {
                    seen.Add(request.Headers["Authorization"]);
                    return new(WebSocketUpgradeDecision.Accept());
                },
            },
            new Echo());
        var address = new Uri($"ws://{server.LocalEndPoint}/");

        // snippet: token for each attempt
        var client = new WebSocketReconnectingClient(address, new WebSocketReconnectOptions
        {
            Client = new WebSocketClientOptions
            {
                OnSendingRequest = async (request, cancellation) =>
                    request.Headers = request.Headers.With("Authorization", "Bearer " + await GetTokenAsync(cancellation)),
            },
        });
        // end snippet

        await using (client)
        {
            await client.StartAsync();
            await client.SendAsync("hello");
            await foreach (var message in client.ReadAllAsync())
            {
                Assert.Equal("hello", message.GetText());
                break;
            }
        }

        Assert.StartsWith("Bearer ", Assert.Single(seen), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Client_connects_with_options()
    {
        var serverOptions = new WebSocketServerOptions
        {
            EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
            Subprotocols = ["chat.v2"],
        };
        await using var server = await WebSocketServer.StartAsync(serverOptions, new Echo());
        var address = new Uri($"ws://{server.LocalEndPoint}/");

        // snippet: client with options
        var options = new WebSocketClientOptions
        {
            Subprotocols = ["chat.v2", "chat.v1"],
            HandshakeTimeout = TimeSpan.FromSeconds(5),
        };
        await using var connection = await WebSocketClient.ConnectAsync(address, options);
        Console.WriteLine($"Connected to {connection.RemoteEndPoint}, speaking {connection.Subprotocol}");
        // end snippet

        Assert.Equal("chat.v2", connection.Subprotocol);
    }

    [Fact]
    public async Task Client_sends_text_and_bytes()
    {
        await using var server = await WebSocketServer.StartAsync(0, new Echo());
        await using var connection = await WebSocketClient.ConnectAsync($"ws://localhost:{server.Port}/");

        // snippet: text and bytes
        await connection.SendAsync("a text");
        await connection.SendTextAsync(Encoding.UTF8.GetBytes("a text that is UTF-8 already"));
        await connection.SendAsync(new byte[] { 1, 2, 3 });
        if (connection.TrySend("now or not at all") == WebSocketSendResult.Refused)
        {
            Console.WriteLine("The send buffer is full: nothing was sent.");
        }

        WebSocketSendResult result = connection.TrySendText("a literal in UTF-8"u8);
        // end snippet

        List<WebSocketMessageKind> kinds = [];
        for (int i = 0; i < 5; i++)
        {
            kinds.Add((await connection.ReceiveMessageAsync()).Kind);
        }

        Assert.Equal(
            [
                WebSocketMessageKind.Text, WebSocketMessageKind.Text, WebSocketMessageKind.Binary, WebSocketMessageKind.Text,
                WebSocketMessageKind.Text,
            ],
            kinds);
    }

    [Fact]
    public async Task Client_reads_until_the_end()
    {
        await using var server = await WebSocketServer.StartAsync(0, async (connection, cancellation) =>
        {
            await connection.SendAsync("one", cancellation);
            await connection.SendAsync(new byte[] { 2, 2 }, cancellationToken: cancellation);
        });
        await using var connection = await WebSocketClient.ConnectAsync($"ws://localhost:{server.Port}/");

        // snippet: read all
        List<string> lines = [];
        await foreach (var message in connection.ReadAllAsync())
        {
            // The payload is on loan until the next receive: copy what you need for longer.
            lines.Add(message.Kind == WebSocketMessageKind.Text
                ? message.GetText()
                : $"{message.Payload.Length} bytes");
        }
        // end snippet

        Assert.Equal(["one", "2 bytes"], lines);
    }

    [Fact]
    public async Task Client_receives_until_null()
    {
        await using var server = await WebSocketServer.StartAsync(0, async (connection, cancellation) =>
        {
            await connection.SendAsync("one", cancellation);
            await connection.SendAsync("two", cancellation);
        });
        await using var connection = await WebSocketClient.ConnectAsync($"ws://localhost:{server.Port}/");

        // snippet: receive loop
        List<string> lines = [];
        while (await connection.ReceiveAsync() is { } message)
        {
            // The payload is on loan until the next receive: copy what you need for longer.
            lines.Add(message.GetText());
        }
        // end snippet

        Assert.Equal(["one", "two"], lines);
    }

    [Fact]
    public async Task Client_keeps_a_message_without_copying_it()
    {
        await using var server = await WebSocketServer.StartAsync(0, new Echo());
        await using var connection = await WebSocketClient.ConnectAsync($"ws://localhost:{server.Port}/");
        await connection.SendAsync("kept");
        await connection.SendAsync("next");
        WebSocketMessage message = await connection.ReceiveMessageAsync();

        using WebSocketOwnedMessage kept = message.Detach();

        Assert.Equal("next", (await connection.ReceiveMessageAsync()).GetText());
        Assert.Equal("kept", kept.GetText());
    }

    [Fact]
    public async Task Client_reports_why_it_could_not_connect()
    {
        await using var server = await WebSocketServer.StartAsync(0, (_, _) => Task.CompletedTask);
        var address = new Uri($"ws://localhost:{server.Port}/");

        // snippet: failed handshake
        var options = new WebSocketClientOptions { Subprotocols = ["chat.v9"] };
        try
        {
            await using var connection = await WebSocketClient.ConnectAsync(address, options);
        }
        catch (WebSocketHandshakeException exception)
        {
            Console.WriteLine($"{exception.Error}, HTTP status {exception.StatusCode}");
        }
        // end snippet

        WebSocketHandshakeException thrown = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync(address, options));
        Assert.Equal(WebSocketHandshakeError.MissingSubprotocol, thrown.Error);
    }

    [Fact]
    public async Task Client_sends_credentials()
    {
        string? seen = null;
        await using var server = await WebSocketServer.StartAsync(0, (connection, _) =>
        {
            seen = connection.Request!.Headers["X-Token"];
            return Task.CompletedTask;
        });
        var address = new Uri($"ws://localhost:{server.Port}/");

        // snippet: who you are
        var options = new WebSocketClientOptions
        {
            Credentials = new NetworkCredential("alice", "s3cret"),
            Cookies = new CookieContainer(),
            RequestHeaders = [new("X-Api-Version", "2")],
            OnSendingRequest = async (request, cancellation) =>
                request.Headers = request.Headers.With("X-Token", await GetTokenAsync(cancellation)),
        };
        await using var connection = await WebSocketClient.ConnectAsync(address, options);
        Console.WriteLine(connection.Response!.Headers["X-Served-By"]);
        // end snippet

        await connection.Closed;
        Assert.Equal("fresh", seen);
    }

    [Fact]
    public async Task Client_follows_redirects()
    {
        await using var server = await StartEchoAsync();
        var address = new Uri($"ws://{server.LocalEndPoint}/");

        // snippet: redirects
        var options = new WebSocketClientOptions
        {
            MaxRedirects = 5,
            OnRedirecting = (redirect, _) => ValueTask.FromResult(redirect.To.Host == "localhost"),
        };
        await using var connection = await WebSocketClient.ConnectAsync(address, options);
        Console.WriteLine($"Redirected to {connection.Response!.Address}");
        // end snippet

        Assert.Equal(address, connection.Response!.Address);
    }

    [Fact]
    public async Task Client_asks_a_proxy()
    {
        const string address = "ws://server.example.com/";
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        string proxy = $"http://{listener.LocalEndpoint}";
        Task connecting = ConnectAsync();
        using TcpClient client = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        using var reader = new StreamReader(client.GetStream());
        Assert.Equal("CONNECT server.example.com:80 HTTP/1.1", await reader.ReadLineAsync(TestContext.Current.CancellationToken));
        await client.GetStream().WriteAsync("HTTP/1.1 403 No\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        client.Close();

        WebSocketHandshakeException thrown = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting);
        Assert.Equal((WebSocketHandshakeError.ProxyFailed, 403), (thrown.Error, thrown.StatusCode));

        async Task ConnectAsync()
        {
            // snippet: through a proxy
            var options = new WebSocketClientOptions
            {
                Proxy = new WebProxy(proxy) { Credentials = new NetworkCredential("alice", "s3cret") },
            };
            await using var connection = await WebSocketClient.ConnectAsync(address, options);
            // end snippet
        }
    }

    [Fact]
    public async Task Client_selects_address_family_and_local_address_and_no_proxy()
    {
        await using var server = await StartEchoAsync();
        var address = new Uri($"ws://{server.LocalEndPoint}/");

        // snippet: another way
        var options = new WebSocketClientOptions
        {
            UseProxy = false,
            AddressFamily = AddressFamily.InterNetwork,
            LocalEndPoint = new IPEndPoint(IPAddress.Loopback, 0),
        };
        await using var connection = await WebSocketClient.ConnectAsync(address, options);
        // end snippet

        Assert.Equal(WebSocketConnectionState.Open, connection.State);
    }

    [Fact]
    public async Task Client_uses_HTTP2_if_the_server_offers_it()
    {
        await using var server = await StartEchoAsync();
        var address = new Uri($"ws://{server.LocalEndPoint}/");

        // snippet: by HTTP/2
        var options = new WebSocketClientOptions { Http2 = WebSocketHttp2Policy.WhenOffered };
        await using var connection = await WebSocketClient.ConnectAsync(address, options);
        Console.WriteLine(connection.Response!.StatusCode == 200 ? "by HTTP/2" : "by HTTP/1.1");
        // end snippet

        Assert.Equal(101, connection.Response!.StatusCode);
    }

    [Fact]
    public async Task Client_stays_connected()
    {
        await using var server = await StartEchoAsync();
        var address = new Uri($"ws://{server.LocalEndPoint}/");

        // snippet: reconnecting
        List<string> lines = [];
        await using var client = new WebSocketReconnectingClient(address, new WebSocketReconnectOptions
        {
            MaxQueueLength = 64 * 1024,
            OnStatusChanged = status => Console.WriteLine(status),
        });
        await client.StartAsync();
        await client.SendAsync("subscribe");
        await foreach (var message in client.ReadAllAsync())
        {
            lines.Add(message.GetText());
            if (lines.Count == 1)
            {
                break;
            }
        }
        // end snippet

        Assert.Equal(["subscribe"], lines);
    }

    [Fact]
    public async Task A_client_that_stops_reconnecting_reports_why()
    {
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) },
            async (connection, cancellation) =>
            {
                await connection.SendAsync("last", cancellation);
                await connection.CloseAsync(WebSocketCloseCode.PolicyViolation, "not you", cancellation);
            });
        string address = $"ws://{server.LocalEndPoint}/";

        // snippet: giving up
        await using var client = new WebSocketReconnectingClient(address);
        List<string> lines = [];
        try
        {
            await client.StartAsync();
            await foreach (var message in client.ReadAllAsync())
            {
                lines.Add(message.GetText());
            }
        }
        catch (WebSocketClosedException exception)
        {
            Console.WriteLine($"Not reconnecting: {(int)exception.Result.Code} {exception.Result.Reason}");
        }
        catch (WebSocketHandshakeException exception)
        {
            Console.WriteLine($"Not reconnecting: {exception.Message}");
        }
        // end snippet

        Assert.Equal(["last"], lines);
        Assert.Equal(WebSocketCloseCode.PolicyViolation, (await client.Closed).Result!.Code);
    }

    [Fact]
    public async Task An_application_close_code_can_stop_reconnecting()
    {
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) },
            async (connection, cancellation) =>
                await connection.CloseAsync((WebSocketCloseCode)4001, "replaced", cancellation));

        // snippet: close code of the application
        var options = new WebSocketReconnectOptions
        {
            ShouldReconnect = disconnect => disconnect.IsTransient && (int?)disconnect.Result?.Code != 4001,
        };
        // end snippet
        await using var client = new WebSocketReconnectingClient($"ws://{server.LocalEndPoint}/", options);
        await client.StartAsync();

        Assert.Equal(4001, (int)(await client.Closed).Result!.Code);
    }

    [Fact]
    public async Task Kept_messages_are_sent_before_the_client_closes()
    {
        var received = new TaskCompletionSource<string>();
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) },
            async (connection, cancellation) => received.TrySetResult((await connection.ReceiveMessageAsync(cancellation)).GetText()));
        await using var client = new WebSocketReconnectingClient(
            $"ws://{server.LocalEndPoint}/", new WebSocketReconnectOptions { MaxQueueLength = 1_000 });
        await client.SendAsync("kept");
        _ = client.StartAsync();

        // snippet: flush
        while (client.QueueLength > 0 && !client.Closed.IsCompleted)
        {
            await Task.Delay(50);
        }

        await client.CloseAsync();
        // end snippet

        Assert.Equal("kept", await received.Task);
    }

    private static Task<WebSocketServer> StartEchoAsync() => WebSocketServer.StartAsync(
        new WebSocketServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }, new Echo());

    private static ValueTask<string> GetTokenAsync(CancellationToken cancellation) =>
        cancellation.IsCancellationRequested
            ? ValueTask.FromCanceled<string>(cancellation)
            : ValueTask.FromResult("fresh");

    private sealed record Order(string Article, int Count);
}
