using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary>
/// Every system call that a server's loop makes fails once, in a run of its own: nothing hangs, nothing leaks, and
/// only the connection of the failed call is affected.
/// </summary>
// Alone, since it counts the descriptors of the whole process.
[CollectionDefinition(nameof(SystemCallFaultTests), DisableParallelization = true)]
[Collection(nameof(SystemCallFaultTests))]
public sealed class SystemCallFaultTests
{
    // Up to here each call fails, further on one of several, unless there is time.
    private const int MaxFailingEach = 8;

    public SystemCallFaultTests() => Assert.SkipUnless(EventLoop.IsSupported, LoopSockets.NotSupported);

    [Theory]
    [InlineData(SystemCallKind.Receive, Errno.ConnectionReset)]
    [InlineData(SystemCallKind.Receive, Errno.OutOfMemory)]
    [InlineData(SystemCallKind.Receive, Errno.TimedOut)]
    [InlineData(SystemCallKind.Send, Errno.ConnectionReset)]
    [InlineData(SystemCallKind.Send, Errno.BrokenPipe)]
    [InlineData(SystemCallKind.Send, Errno.NoBufferSpace)]
    [InlineData(SystemCallKind.Send, FaultySystemCalls.Short)]
    [InlineData(SystemCallKind.SendTwo, Errno.BrokenPipe)]
    [InlineData(SystemCallKind.SendTwo, FaultySystemCalls.Short)]
    [InlineData(SystemCallKind.ControlEpoll, Errno.NoSpace)]
    [InlineData(SystemCallKind.ControlEpoll, Errno.OutOfMemory)]
    [InlineData(SystemCallKind.ShutdownOutput, Errno.NotConnected)]
    [InlineData(SystemCallKind.ResetWhenClosed, Errno.OutOfMemory)]
    [InlineData(SystemCallKind.Accept, Errno.TooManyOpenFiles)]
    [InlineData(SystemCallKind.Accept, Errno.FileTableOverflow)]
    [InlineData(SystemCallKind.Accept, Errno.OutOfMemory)]
    [InlineData(SystemCallKind.Accept, Errno.ConnectionAborted)]
    [InlineData(SystemCallKind.Accept, Errno.NotPermitted)]
    public async Task A_failed_system_call_ends_only_its_own_connection(SystemCallKind kind, int errno)
    {
        // What is opened once for the whole process is not to be counted.
        await using (WebSocketServer server = await Servers.StartEchoAsync())
        {
            await using WebSocketConnection client = await WebSocketClient.ConnectAsync(server.Address());
        }

        int number = 1;
        while (await RunAsync(kind, number, errno))
        {
            number += Step(number, errno);
        }
    }

    private static int Step(int number, int errno)
    {
        if (Stress.IsLong)
        {
            return 1;
        }

        // Where only the output is lost, what the peer has sent is waited for, which takes its time.
        return errno == Errno.NoBufferSpace ? number * 5 : number < MaxFailingEach ? 1 : number / 2;
    }

    private static async Task<bool> RunAsync(SystemCallKind kind, int number, int errno)
    {
        try
        {
            return await new FaultScenario(kind, number, errno).RunAsync();
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException($"When call {number} fails: {exception.Message}", exception);
        }
    }
}
