namespace Sockeye.Tests;

/// <summary>Sends scripted bytes, valid or not, when a number of bytes has arrived.</summary>
internal sealed class ScriptedEndpoint : EndpointUnderTest
{
    private int _received;

    public override bool AnswersInPlace => true;

    /// <summary>The bytes to send, by the number of bytes that must have arrived.</summary>
    public required IReadOnlyDictionary<int, string> Answers { get; init; }

    /// <summary>The number of bytes after which it ends its direction; <see langword="null"/> for never.</summary>
    public int? EndsAfter { get; init; }

    public override IReadOnlyList<PeerEvent> Delivered => Messages;

    public List<PeerEvent> Messages { get; } = [];

    public ExpectedResult Result { get; init; } = new(1000, WasClean: true);

    public override ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken deadline)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            _received++;
            if (Answers.TryGetValue(_received, out string? answer))
            {
                Inbox.Append(Steps.Hex(answer));
            }

            if (_received == EndsAfter)
            {
                Inbox.End(error: null);
            }
        }

        return ValueTask.CompletedTask;
    }

    public override ValueTask EndAsync() => ValueTask.CompletedTask;

    public override void BeginClose(int closeCode, string reason)
    {
    }

    public override Task<ExpectedResult> GetResultAsync(CancellationToken deadline) => Task.FromResult(Result);

    public override void AssertAllReturned()
    {
    }

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
