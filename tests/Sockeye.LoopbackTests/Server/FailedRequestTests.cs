using System.Collections;
using System.Collections.Concurrent;
using System.Reflection;
using Sockeye.Protocol.Tests;

namespace Sockeye.Tests;

/// <summary>What the application can read of a malformed request.</summary>
public sealed class FailedRequestTests
{
    private const int ParallelCount = 16;

    private static readonly PropertyInfo[] Properties =
        typeof(WebSocketUpgradeRequest).GetProperties(BindingFlags.Public | BindingFlags.Instance);

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task Every_property_of_a_malformed_request_can_be_read_during_and_after_the_callback(ServerKind kind)
    {
        var failures = new ConcurrentQueue<WebSocketHandshakeFailure>();
        var thrown = new ConcurrentQueue<string>();
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            Servers.OptionsOf(kind) with
            {
                OnHandshakeFailed = failure =>
                {
                    failures.Enqueue(failure);
                    ReadAll(failure, thrown);
                    return null;
                },
            },
            (_, _) => throw new InvalidOperationException("No connection was to be served."));
        HandshakeCase[] cases = [.. RejectedRequests.All];

        await Parallel.ForEachAsync(
            cases,
            new ParallelOptions { MaxDegreeOfParallelism = ParallelCount },
            async (@case, _) =>
            {
                using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);
                await client.SendAsync(HeadText.Bytes(@case.Head));
                await client.ReadToEndAsync();
            });

        // The application may keep a request longer than its transport lives.
        await Deadlines.UntilAsync(() => server.PendingHandshakeCount == 0, "no transport is left");
        foreach (WebSocketHandshakeFailure failure in failures)
        {
            ReadAll(failure, thrown);
        }

        Assert.Equal(cases.Length, failures.Count);
        Assert.Empty(thrown);
    }

    [Theory]
    [EachServer("GET /a%20b?c=d HTTP/1.0\r\nHost: x\r\nX: y\r\n\r\n", "GET", "/a%20b?c=d", "/a b", "c=d", "x", "y", IsPlain = true)]
    [EachServer("PRI * HTTP/2.0\r\n\r\n", "PRI", "*", "", "", "", null, IsPlain = true)]
    [EachServer("GET /a b HTTP/1.1\r\nHost: x\r\nX: y\r\n\r\n", "", "", "", "", "x", "y", IsPlain = true)]
    [EachServer("EHLO\r\n\r\n", "", "", "", "", "", null, IsPlain = true)]
    [EachServer("POST /a HTTP/1.1\r\nX: y\r\nX: z\r\n\r\n", "POST", "/a", "/a", "", "", "y, z", IsPlain = true)]
    [EachServer("GET /a/../b?c HTTP/1.1\r\nHost: x\r\n\r\n", "GET", "/a/../b?c", "", "", "x", null, IsPlain = true)]
    public async Task A_malformed_request_has_the_parsed_properties_and_empty_others(
        ServerKind kind, string head, string method, string target, string path, string query, string host, string? header)
    {
        var failures = new ConcurrentQueue<WebSocketHandshakeFailure>();
        await using WebSocketServer server = await Servers.StartEchoAsync(Servers.OptionsOf(kind) with
        {
            OnHandshakeFailed = failure =>
            {
                failures.Enqueue(failure);
                return null;
            },
        });
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);

        await client.SendAsync(head);
        await client.ReadToEndAsync();

        WebSocketUpgradeRequest request = Assert.Single(failures).Request!;
        Assert.Equal(method, request.Method);
        Assert.Equal(target, request.Target);
        Assert.Equal(path, request.Path);
        Assert.Equal(query, request.Query);
        Assert.Equal(host, request.Host);
        Assert.Equal(header, request.Headers["X"]);
        Assert.Empty(request.Subprotocols);
        Assert.Empty(request.Extensions);
        Assert.Empty(request.Cookies);
        Assert.Empty(request.RouteValues);
        Assert.Null(request.Origin);
    }

    private static void ReadAll(WebSocketHandshakeFailure failure, ConcurrentQueue<string> thrown)
    {
        if (failure.Request is not { } request)
        {
            return;
        }

        foreach (PropertyInfo property in Properties)
        {
            Read(property.Name, () => property.GetValue(request));
        }

        Read("GetHeader", () => request.Headers["Host"]);
        Read("GetCookie", () => request.GetCookie("a"));
        Read("GetRouteValue", () => request.GetRouteValue("a"));
        Read("ToString", request.ToString);

        void Read(string name, Func<object?> read)
        {
            try
            {
                foreach (object? _ in read() as IEnumerable ?? Array.Empty<object>())
                {
                }
            }
            catch (Exception exception)
            {
                thrown.Enqueue($"{name} of {failure.Error}: {exception.GetBaseException()}");
            }
        }
    }
}
