using System.Buffers;
using System.Reflection;
using Sockeye.Connections;
using Sockeye.Protocol;
using Sockeye.Server.Handshakes;

namespace Sockeye.Tests;

/// <summary>Properties are cheap: what allocates at every call is a method.</summary>
public sealed class PropertyCostTests
{
    private const int ReadCount = 100;

    private delegate TValue Getter<TOwner, out TValue>(ref TOwner owner);

    [Fact]
    public void Properties_of_a_connection_of_a_server_allocate_nothing_when_read_again()
    {
        AssertCheap(Open(Role.Server, Request));
    }

    [Fact]
    public void Properties_of_a_connection_of_a_client_allocate_nothing_when_read_again()
    {
        AssertCheap(Open(Role.Client, new WebSocketUpgradeResponse(new Uri("ws://a/"), 101, [])));
    }

    [Fact]
    public void Properties_of_messages_allocate_nothing()
    {
        var test = new TestConnection();
        test.Receive("text");
        WebSocketMessage message = test.Connection.ReceiveAsync().Result!.Value;
        using WebSocketOwnedMessage detached = message.Detach();

        AssertCheap(message);
        AssertCheap(detached);
        AssertCheap(default(WebSocketFragment));
        AssertCheap(WebSocketPreparedMessage.Text("text"));
    }

    [Fact]
    public void Properties_of_an_end_allocate_nothing()
    {
        var test = new TestConnection();
        test.ReceiveClose(reason: "that was all");
        test.Transport.EndInput();
        WebSocketCloseResult result = test.Connection.Closed.Result;

        AssertCheap(result);
        AssertCheap(new WebSocketClosedException(result));
    }

    [Fact]
    public void Properties_of_a_connection_are_the_same_objects_for_every_thread()
    {
        for (int i = 0; i < 100; i++)
        {
            WebSocketConnection connection = Open(Role.Server, Request);
            var requests = new WebSocketUpgradeRequest?[2];

            Parallel.For(0, 2, new ParallelOptions { MaxDegreeOfParallelism = 2 }, index => requests[index] = connection.Request);

            Assert.NotNull(requests[0]);
            Assert.Same(requests[0], requests[1]);
        }
    }

    private static byte[] Request => RequestBytes.Pack(ArrayPool<byte>.Shared, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"u8);

    private static WebSocketConnection Open(Role role, object opening)
    {
        DeflateSetup deflate = DeflateSetup.Forgetting();
        var settings = new ConnectionSettings(
            role, new WebSocketConnectionOptions(), new Timing.DeadlineWheel(new ManualTimeProvider()),
            Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, new CountingPool())
        {
            Codecs = deflate.Codecs,
        };
        var connection = new WebSocketConnection(
            new InMemoryTransport(), settings, handler: null, subprotocol: null, deflate.Agreed, opening);
        connection.Core.Start();
        return connection;
    }

    private static void AssertCheap<T>(T owner)
        where T : notnull
    {
        string[] dear =
        [
            .. from property in typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance)
               where property.GetIndexParameters().Length == 0 && property.DeclaringType!.Assembly == typeof(T).Assembly
               let allocated = (long)typeof(PropertyCostTests)
                   .GetMethod(nameof(Measure), BindingFlags.NonPublic | BindingFlags.Static)!
                   .MakeGenericMethod(typeof(T), property.PropertyType)
                   .Invoke(null, [owner, property])!
               where allocated != 0
               select $"{typeof(T).Name}.{property.Name}: {allocated} bytes in {ReadCount} reads",
        ];

        Assert.Empty(dear);
    }

    private static long Measure<TOwner, TValue>(TOwner owner, PropertyInfo property)
    {
        if (typeof(TOwner).IsValueType)
        {
            var getter = property.GetMethod!.CreateDelegate<Getter<TOwner, TValue>>();
            return AllocatedBy(() => getter(ref owner));
        }

        var read = property.GetMethod!.CreateDelegate<Func<TOwner, TValue>>();
        return AllocatedBy(() => read(owner));
    }

    private static long AllocatedBy<TValue>(Func<TValue> read)
    {
        // The first read may make what the others return, and compiles the getter.
        _ = read();
        _ = GC.GetAllocatedBytesForCurrentThread();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < ReadCount; i++)
        {
            _ = read();
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
