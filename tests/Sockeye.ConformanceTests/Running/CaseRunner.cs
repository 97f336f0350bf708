using Xunit.Sdk;

namespace Sockeye.Tests;

/// <summary>Plays the peer of one case against one endpoint, once.</summary>
internal sealed class CaseRunner(CaseScript script, EndpointUnderTest endpoint, TestedRole role)
{
    // For a whole run, on a machine with other load. No step takes a second by itself.
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly PeerEventReader _events = new(role == TestedRole.Client, script.CreateInflater());
    private bool _endpointClosed;

    /// <summary>Runs the case; throws if a result is not as expected.</summary>
    public async Task RunAsync(Segmentation segmentation)
    {
        // No timer if nothing waits: most runs take microseconds.
        using CancellationTokenSource? timer = endpoint.AnswersInPlace ? null : new CancellationTokenSource(Deadline);
        CancellationToken deadline = timer?.Token ?? CancellationToken.None;

        long start = 0;
        foreach (Burst burst in script.Bursts)
        {
            await RunAsync(burst, segmentation.WriteEnds(burst, start), deadline);
            start += burst.Wire.Length;
        }

        await EndAsync(deadline);
    }

    private async Task RunAsync(Burst burst, IEnumerable<int> writeEnds, CancellationToken deadline)
    {
        int sent = 0;
        int received = 0;

        // The effects of earlier steps must arrive before anything is sent.
        foreach (int end in writeEnds.Prepend(0))
        {
            if (end > sent)
            {
                await SendAsync(burst.Wire.AsMemory(sent, end - sent), deadline);
                sent = end;
            }

            for (; received < burst.Expected.Count && burst.Expected[received].Due <= sent; received++)
            {
                await ExpectAsync(burst.Expected[received].Step, deadline);
            }
        }

        switch (burst.Then)
        {
            case BarrierStep:
                TakeArrived();
                Assert.True(_events.Count == 0, $"The endpoint sent too much: {FirstEvent()}.");
                break;
            case EndpointClosesStep close:
                endpoint.BeginClose(close.CloseCode, close.Reason);
                break;
            case PeerEndsStep:
                await endpoint.EndAsync();
                break;
        }
    }

    private async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken deadline)
    {
        try
        {
            await endpoint.SendAsync(bytes, deadline);
        }
        catch (IOException) when (script.EndpointCloses)
        {
            // It has closed, and need not read what comes after that. Its output shows whether and how it closed.
        }
    }

    private async ValueTask ExpectAsync(ExpectStep expected, CancellationToken deadline)
    {
        PeerEvent actual = await NextAsync(deadline)
            ?? throw new XunitException(
                $"The endpoint {(endpoint.Inbox.IsEnded ? "ended" : "said nothing")} instead of {Describe(expected)}."
                + $" {endpoint.Inbox.Error}");

        // When a Close frame is expected, a careless endpoint sends an echo: say which one it was.
        bool same = actual.Kind == expected.Kind
            && (expected.AnyReason
                ? actual.CloseCode == CloseCodeOf(expected)
                : actual.Payload.AsSpan().SequenceEqual(expected.Payload));
        Assert.True(same, $"The endpoint sent {actual} instead of {Describe(expected)}.");
        _endpointClosed |= actual.Kind == PeerEventKind.Close;
    }

    private async ValueTask<PeerEvent?> NextAsync(CancellationToken deadline)
    {
        TakeArrived();
        while (_events.Count == 0)
        {
            if (endpoint.AnswersInPlace || endpoint.Inbox.IsEnded)
            {
                TakeArrived();
                return _events.Count == 0 ? null : _events.Dequeue();
            }

            await WaitAsync(endpoint.Inbox.WaitAsync(), deadline);
            TakeArrived();
        }

        return _events.Dequeue();
    }

    private async Task EndAsync(CancellationToken deadline)
    {
        if (_endpointClosed && !script.EndsCleanly)
        {
            // The endpoint failed the connection. A peer responds to the Close frame, which must have no further effect.
            await SendAsync(ClosingReply(), deadline);
        }

        // RFC 6455 §7.1.1: after a clean closing handshake, the server closes the connection first.
        bool endpointEndsFirst = role == TestedRole.Server && script.EndsCleanly;
        if (!endpointEndsFirst)
        {
            await endpoint.EndAsync();
        }

        if (endpoint.AnswersInPlace)
        {
            Assert.True(endpoint.Inbox.IsEnded, "The endpoint did not end its side of the transport.");
        }

        while (!endpoint.Inbox.IsEnded)
        {
            await WaitAsync(endpoint.Inbox.WaitAsync(), deadline);
            TakeArrived();
        }

        TakeArrived();
        Assert.True(_events.Count == 0, $"The endpoint sent too much: {FirstEvent()}.");
        Assert.False(_events.IsUnfinished, "The endpoint ended inside a frame or a message.");
        if (script.EndsCleanly || script.PeerEnds)
        {
            Assert.Null(endpoint.Inbox.Error);
        }

        if (endpointEndsFirst)
        {
            await endpoint.EndAsync();
        }

        CheckDelivered();
        CheckCompressed();
        await CheckResultAsync(deadline);
    }

    private void CheckDelivered()
    {
        ExpectStep[] expected = [.. script.Messages];
        Assert.True(
            expected.Length == endpoint.Delivered.Count,
            $"The application was given {endpoint.Delivered.Count} messages instead of {expected.Length}.");
        foreach ((ExpectStep step, PeerEvent message) in expected.Zip(endpoint.Delivered))
        {
            Assert.True(
                step.Kind == message.Kind && message.Payload.AsSpan().SequenceEqual(step.Payload),
                $"The application was given {message} instead of {Describe(step)}.");
        }
    }

    private void CheckCompressed()
    {
        // A message that does not become shorter is sent uncompressed: often with 16 bytes, sometimes with 64.
        const int CompressibleLength = 64;
        bool mustCompress = script.Compression is { } compression && compression.EndpointCompresses(role)
            && script.Messages.Any(message => message.Payload.Length >= CompressibleLength);
        Assert.True(!mustCompress || _events.CompressedCount > 0, "The endpoint has compressed nothing.");
    }

    private async Task CheckResultAsync(CancellationToken deadline)
    {
        Task<ExpectedResult> result = endpoint.GetResultAsync(deadline);
        if (endpoint.AnswersInPlace)
        {
            Assert.True(result.IsCompleted, "The endpoint's result is not there when its connection is over.");
        }

        Assert.Equal(script.Result, await result);

        // Only in place is it certain that the last call of the endpoint has returned, and has released its memory.
        if (endpoint.AnswersInPlace)
        {
            endpoint.AssertAllReturned();
        }
    }

    private byte[] ClosingReply() =>
        new RawFrameWriter(peerIsClient: role == TestedRole.Server, seed: 0).Write(Steps.Close(1000), out _);

    private void TakeArrived()
    {
        foreach (byte[] bytes in endpoint.Inbox.Take())
        {
            _events.Append(bytes);
        }
    }

    private static async Task WaitAsync(Task task, CancellationToken deadline)
    {
        try
        {
            await task.WaitAsync(deadline);
        }
        catch (OperationCanceledException)
        {
            throw new XunitException($"The endpoint was not done after {Deadline.TotalSeconds} s.");
        }
    }

    private string FirstEvent() => _events.Count == 0 ? "" : _events.Dequeue().ToString();

    private static string Describe(ExpectStep expected) => new PeerEvent(expected.Kind, expected.Payload).ToString();

    private static int? CloseCodeOf(ExpectStep expected) => new PeerEvent(expected.Kind, expected.Payload).CloseCode;
}
