using System.Net.Sockets;
using Sockeye.Client;
using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary>Why a socket path cannot be connected to, with the same message on all transports.</summary>
public sealed class SocketPathFailureTests
{
    [Theory]
    [InlineData(Errno.NoEntry, "there is no such file (ENOENT)")]
    [InlineData(Errno.ConnectionRefused, "nothing accepts connections there (ECONNREFUSED)")]
    [InlineData(Errno.AccessDenied, "permission denied (EACCES)")]
    [InlineData(Errno.WrongProtocolType, "the socket there is not a stream socket (EPROTOTYPE)")]
    public void A_known_error_number_is_explained(int errno, string expected) =>
        Assert.Equal(
            $"Cannot connect to '/run/s': {expected}.",
            SocketPathFailure.Create("/run/s", SocketErrors.Exception(errno)).Message);

    [Fact]
    public void An_inaccessible_or_missing_pipe_is_reported()
    {
        Assert.Equal(
            @"Cannot connect to '\\.\pipe\a': permission denied (EACCES).",
            SocketPathFailure.Create(@"\\.\pipe\a", new UnauthorizedAccessException("Access denied.")).Message);
        Assert.Equal(
            @"Cannot connect to '\\.\pipe\a': the pipe does not exist, or all of its instances are busy.",
            SocketPathFailure.Create(@"\\.\pipe\a", new TimeoutException()).Message);
    }

    [Fact]
    public void Other_errors_keep_the_system_message()
    {
        var cause = new SocketException((int)SocketError.NoBufferSpaceAvailable);

        IOException exception = SocketPathFailure.Create("/run/s", cause);

        Assert.Equal($"Cannot connect to '/run/s': {cause.Message.TrimEnd('.')}.", exception.Message);
        Assert.Same(cause, exception.InnerException);
    }
}
