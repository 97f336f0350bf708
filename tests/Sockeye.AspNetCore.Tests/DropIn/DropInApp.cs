using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Sockeye.Tests;

/// <summary>An application on one of the stacks, whose delegate gets every request.</summary>
internal static class DropInApp
{
    public const string Key = "AQIDBAUGBwgJCgsMDQ4PEA==";

    // RFC 6455 §4.2.2, computed with another library.
    public const string Accept = "C/0nmHhBztSRGR1CwL6Tf4ZjwpY=";

    /// <summary>The headers of an opening handshake.</summary>
    public static readonly string[] Opening =
        ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", $"Sec-WebSocket-Key: {Key}"];

    public static Task<TestApp> StartAsync(
        Stack stack, RequestDelegate run, WebSocketOptions? options = null, Action<WebApplicationBuilder>? build = null) =>
        TestApp.StartAsync(
            app =>
            {
                app.Use(stack, options);
                app.Run(run);
            },
            build);

    /// <summary>An application that accepts, and passes the socket on.</summary>
    public static Task<TestApp> AcceptAsync(
        Stack stack, Func<WebSocket, Task> serve, WebSocketAcceptContext? accept = null, WebSocketOptions? options = null,
        Action<WebApplicationBuilder>? build = null) =>
        StartAsync(
            stack,
            async context =>
            {
                using WebSocket socket = accept is null
                    ? await context.WebSockets.AcceptWebSocketAsync()
                    : await context.WebSockets.AcceptWebSocketAsync(accept);
                await serve(socket);
            },
            options, build);

    /// <summary>Connects the platform's client.</summary>
    public static async Task<ClientWebSocket> ConnectAsync(TestApp app, Action<ClientWebSocketOptions>? configure = null)
    {
        var client = new ClientWebSocket();
        configure?.Invoke(client.Options);
        await client.ConnectAsync(app.At("/"), Patience.Token());
        return client;
    }

    /// <summary>Opens a connection, and sends a request in bytes.</summary>
    public static async Task<NetworkStream> SendAsync(TestApp app, string method, params IEnumerable<string> headers)
    {
        var client = new TcpClient();
        await client.ConnectAsync(app.Address.Host, app.Address.Port);
        NetworkStream stream = client.GetStream();
        string head = $"{method} / HTTP/1.1\r\nHost: {app.Address.Authority}\r\n{string.Concat(headers.Select(h => h + "\r\n"))}\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head), Patience.Token());
        return stream;
    }

    /// <summary>Reads the head of a response: the status line and the headers.</summary>
    public static async Task<string[]> ReadHeadAsync(NetworkStream stream)
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await stream.ReadExactlyAsync(one, Patience.Token());
            head.Append((char)one[0]);
        }

        return head.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>The head of the response to a request.</summary>
    public static async Task<string[]> AskAsync(TestApp app, string method, params IEnumerable<string> headers)
    {
        await using NetworkStream stream = await SendAsync(app, method, headers);
        return await ReadHeadAsync(stream);
    }

    /// <summary>Opens a connection whose frames the test reads and writes itself.</summary>
    public static async Task<NetworkStream> OpenAsync(TestApp app, params IEnumerable<string> headers)
    {
        NetworkStream stream = await SendAsync(app, "GET", [.. Opening, .. headers]);
        Assert.StartsWith("HTTP/1.1 101 ", (await ReadHeadAsync(stream))[0], StringComparison.Ordinal);
        return stream;
    }

    /// <summary>The value of a header; <see langword="null"/> if it is not there.</summary>
    public static string? HeaderOf(string[] head, string name) => head.SingleOrDefault(
        line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))?[(name.Length + 1)..].Trim();
}
