using System.Net;
using System.Net.Sockets;
using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>RFC 8305, with attempts that end when a test says so.</summary>
public sealed class AddressRaceTests
{
    private static readonly TimeSpan JustUnder = AddressRace.AttemptDelay - TimeSpan.FromMilliseconds(1);

    private readonly ManualTimeProvider _time = new();
    private readonly List<Attempt> _attempts = [];

    [Theory]
    [InlineData("", "")]
    [InlineData("4a", "4a")]
    [InlineData("4a 4b", "4a 4b")]
    [InlineData("6a 6b 4a 4b", "6a 4a 6b 4b")]
    [InlineData("4a 6a 6b 6c", "4a 6a 6b 6c")]
    [InlineData("6a 6b 6c 4a", "6a 4a 6b 6c")]
    [InlineData("4a 4b 6a", "4a 6a 4b")]
    public void Address_families_alternate(string addresses, string expected) =>
        Assert.Equal(
            EndPointsOf(expected).Select(endPoint => endPoint.ToString()),
            AddressRace.Interleave(EndPointsOf(addresses)).Select(endPoint => endPoint.ToString()));

    [Fact]
    public async Task The_second_address_is_tried_in_parallel_after_250_ms()
    {
        Task<Made> race = Race("6a 4a");

        _time.Advance(JustUnder);
        Assert.Single(_attempts);
        _time.Advance(TimeSpan.FromMilliseconds(2));
        await UntilAttemptAsync(2);
        Assert.False(_attempts[0].Token.IsCancellationRequested);
        _attempts[1].Succeed();

        Assert.Same(_attempts[1].Made, await race);
        Assert.True(_attempts[0].Token.IsCancellationRequested);
    }

    [Fact]
    public async Task The_first_address_may_still_win()
    {
        Task<Made> race = Race("6a 4a");

        _time.Advance(AddressRace.AttemptDelay);
        await UntilAttemptAsync(2);
        _attempts[0].Succeed();

        Assert.Same(_attempts[0].Made, await race);
        Assert.True(_attempts[1].Token.IsCancellationRequested);
    }

    [Fact]
    public async Task The_next_address_is_tried_at_once_after_a_failure()
    {
        Task<Made> race = Race("6a 4a");

        _attempts[0].Fail(SocketError.NetworkUnreachable);
        await UntilAttemptAsync(2);
        _attempts[1].Succeed();

        Assert.Same(_attempts[1].Made, await race);
        Assert.Equal(0, _time.TimerCount);
    }

    [Fact]
    public async Task Late_connections_of_losing_attempts_are_disposed()
    {
        Task<Made> race = Race("6a 4a");
        _time.Advance(AddressRace.AttemptDelay);
        await UntilAttemptAsync(2);
        _attempts[1].Succeed();
        await race;

        _attempts[0].Succeed();

        await _attempts[0].Made.Disposed.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.False(_attempts[1].Made.Disposed.IsCompleted);
    }

    [Fact]
    public async Task If_all_attempts_fail_the_last_failure_is_thrown()
    {
        Task<Made> race = Race("6a 4a");
        _attempts[0].Fail(SocketError.NetworkUnreachable);
        await UntilAttemptAsync(2);
        _attempts[1].Fail(SocketError.ConnectionRefused);

        SocketException thrown = await Assert.ThrowsAsync<SocketException>(() => race);

        Assert.Equal(SocketError.ConnectionRefused, thrown.SocketErrorCode);
    }

    // Only this test has this error: the event is process-wide.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_failed_attempt_leaves_no_unobserved_exception_if_another_succeeds(bool lastSucceeds)
    {
        int unobserved = 0;
        EventHandler<UnobservedTaskExceptionEventArgs> count = (_, e) =>
            unobserved += e.Exception.InnerException is SocketException { SocketErrorCode: SocketError.HostDown } ? 1 : 0;
        TaskScheduler.UnobservedTaskException += count;
        try
        {
            await RaceAsync();
            _attempts.Clear();
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= count;
        }

        Assert.Equal(0, unobserved);

        async Task RaceAsync()
        {
            Task<Made> race = Race("6a 4a");
            _attempts[0].Fail(SocketError.HostDown);
            await UntilAttemptAsync(2);
            if (lastSucceeds)
            {
                _attempts[1].Succeed();
                await race;
            }
            else
            {
                _attempts[1].Fail(SocketError.ConnectionRefused);
                await Assert.ThrowsAsync<SocketException>(() => race);
            }
        }
    }

    [Fact]
    public async Task An_empty_address_list_is_HostNotFound()
    {
        SocketException thrown = await Assert.ThrowsAsync<SocketException>(() => Race(""));

        Assert.Equal(SocketError.HostNotFound, thrown.SocketErrorCode);
    }

    [Fact]
    public async Task Canceling_ends_all_attempts_and_disposes_their_connections()
    {
        using var cancellation = new CancellationTokenSource();
        Task<Made> race = Race("6a 4a 6b", cancellation.Token);
        _time.Advance(AddressRace.AttemptDelay);
        await UntilAttemptAsync(2);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => race);
        Assert.All(_attempts, attempt => Assert.True(attempt.Token.IsCancellationRequested));
        Assert.All(_attempts, attempt => attempt.Succeed());
        await Task.WhenAll(_attempts.Select(attempt => attempt.Made.Disposed)).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(2, _attempts.Count);
    }

    private Task<Made> Race(string addresses, CancellationToken cancellationToken = default) => AddressRace.RunAsync(
        EndPointsOf(addresses),
        (endPoint, token) =>
        {
            var attempt = new Attempt(endPoint, token);
            lock (_attempts)
            {
                _attempts.Add(attempt);
            }

            return attempt.Task;
        },
        _time,
        cancellationToken);

    private async Task UntilAttemptAsync(int count)
    {
        // The next attempt begins on whichever thread has ended the wait.
        long start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            lock (_attempts)
            {
                if (_attempts.Count >= count)
                {
                    return;
                }
            }

            Assert.True(TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromSeconds(30), "no further attempt");
            await Task.Yield();
        }
    }

    private static IPEndPoint[] EndPointsOf(string names) =>
    [
        .. from name in names.Split(' ', StringSplitOptions.RemoveEmptyEntries)
           select new IPEndPoint(
               name[0] == '4' ? new IPAddress([127, 0, 0, (byte)name[1]]) : IPAddress.Parse($"::{(int)name[1]:x}"), 1),
    ];

    private sealed class Attempt(EndPoint endPoint, CancellationToken token)
    {
        // Not the token: a connect that has won the race against its cancellation.
        private readonly TaskCompletionSource<Made> _source = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public EndPoint EndPoint => endPoint;

        public CancellationToken Token => token;

        public Made Made { get; } = new();

        public Task<Made> Task => _source.Task;

        public void Succeed() => _source.SetResult(Made);

        public void Fail(SocketError error) => _source.SetException(new SocketException((int)error));
    }

    private sealed class Made : IDisposable
    {
        private readonly TaskCompletionSource _disposed = new();

        public Task Disposed => _disposed.Task;

        public void Dispose() => _disposed.SetResult();
    }
}
