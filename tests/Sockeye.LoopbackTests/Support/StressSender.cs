using System.Buffers;

namespace Sockeye.Tests;

/// <summary>
/// One of many senders of a connection. It sends its numbers in every way there is, and cancels some of the sends that wait.
/// </summary>
/// <remarks>All bytes are ASCII, so that a message can be text or binary.</remarks>
internal sealed class StressSender(WebSocketConnection connection, int id, int seed, Watchdog watchdog)
{
    private const int NumberLength = 3;
    private const int HeaderLength = 1 + NumberLength;
    private const int Bits = 7;
    private const int Mask = (1 << Bits) - 1;
    private const int MaxFillLength = 200;

    private readonly Random _random = new(seed);
    private readonly List<int> _accepted = [];
    private readonly List<int> _attempted = [];
    private readonly HashSet<int> _queued = [];

    /// <summary>The numbers of the messages whose sends succeeded, in order.</summary>
    public IReadOnlyList<int> Accepted => _accepted;

    /// <summary>
    /// The accepted messages that were only queued. Those behind a fragmented message that is open when the connection is closed are
    /// lost, as <see cref="WebSocketSendResult.Queued"/> documents.
    /// </summary>
    public IReadOnlySet<int> Queued => _queued;

    /// <summary>
    /// The numbers of the messages whose sends were not canceled, in order. The last may have failed because the connection ended.
    /// </summary>
    public IReadOnlyList<int> Attempted => _attempted;

    /// <summary>The number of sends that were canceled.</summary>
    public int CanceledCount { get; private set; }

    /// <summary>Reads a received message, which must be exactly as it was sent.</summary>
    public static (int Id, int Number) Read(ReadOnlySpan<byte> message)
    {
        int id = message[0];
        int number = message[1] | (message[2] << Bits) | (message[3] << (2 * Bits));
        Assert.False(message[HeaderLength..].ContainsAnyExcept(FillOf(id, number)), "The message is torn.");
        Assert.Equal(LengthOf(id, number), message.Length);
        return (id, number);
    }

    /// <summary>Sends messages until it has sent all, or the connection ends.</summary>
    public async Task SendAsync(int count)
    {
        try
        {
            for (int number = 0; number < count; number++)
            {
                await SendOneAsync(number);
                watchdog.Advance();
            }
        }
        catch (WebSocketClosedException)
        {
            // The connection has ended: the attempt stays in the list, since the message may have left before.
        }
    }

    private static byte FillOf(int id, int number) => (byte)(((id * 31) + number) & Mask);

    private static int LengthOf(int id, int number) => HeaderLength + ((id + number) % MaxFillLength);

    private static byte[] Message(int id, int number)
    {
        byte[] message = new byte[LengthOf(id, number)];
        message.AsSpan().Fill(FillOf(id, number));
        message[0] = (byte)id;
        message[1] = (byte)(number & Mask);
        message[2] = (byte)((number >> Bits) & Mask);
        message[3] = (byte)((number >> (2 * Bits)) & Mask);
        return message;
    }

    private async ValueTask SendOneAsync(int number)
    {
        byte[] message = Message(id, number);
        WebSocketMessageKind kind = _random.Next(2) == 0 ? WebSocketMessageKind.Text : WebSocketMessageKind.Binary;
        int way = _random.Next(100);
        if (way is >= 60 and < 80)
        {
            await SendOrCancelAsync(number, message, kind);
            return;
        }

        if (way >= 98)
        {
            await PingOrCancelAsync();
        }

        _attempted.Add(number);
        await (way switch
        {
            < 40 => TryOrSendAsync(number, message, kind),
            < 60 => connection.SendAsync(message, kind),
            < 88 => SendFragmentsAsync(message, kind),
            < 94 => connection.SendAsync(WebSocketPreparedMessage.Binary(message)),
            _ => connection.SendAsync(new ReadOnlySequence<byte>(message), kind),
        });
        _accepted.Add(number);
    }

    private ValueTask TryOrSendAsync(int number, byte[] message, WebSocketMessageKind kind)
    {
        switch (connection.TrySend(message, kind))
        {
            case WebSocketSendResult.Sent:
                return default;

            case WebSocketSendResult.Queued:
                _queued.Add(number);
                return default;

            default:
                return connection.SendAsync(message, kind);
        }
    }

    // A message whose send was canceled must never arrive.
    private async ValueTask SendOrCancelAsync(int number, byte[] message, WebSocketMessageKind kind)
    {
        using var cancellation = new CancellationTokenSource();
        ValueTask send = connection.SendAsync(message, kind, cancellation.Token);
        CancelSoonIfPending(send.IsCompleted, cancellation);
        try
        {
            _attempted.Add(number);
            await send;
            _accepted.Add(number);
        }
        catch (OperationCanceledException)
        {
            _attempted.RemoveAt(_attempted.Count - 1);
            CanceledCount++;
        }
    }

    private async ValueTask SendFragmentsAsync(byte[] message, WebSocketMessageKind kind)
    {
        int cut = _random.Next(message.Length);
        await using WebSocketMessageWriter writer = connection.BeginMessage(kind);
        using var cancellation = new CancellationTokenSource();
        try
        {
            ValueTask write = writer.WriteAsync(message.AsMemory(0, cut), cancellation.Token);
            CancelSoonIfPending(write.IsCompleted, cancellation);
            await write;
        }
        catch (OperationCanceledException)
        {
            // A canceled fragment is not on the wire, and may be sent again.
            await writer.WriteAsync(message.AsMemory(0, cut));
        }

        await writer.CompleteAsync(message.AsMemory(cut));
    }

    private async ValueTask PingOrCancelAsync()
    {
        using var cancellation = new CancellationTokenSource();
        Task<TimeSpan> ping = connection.PingAsync(cancellation.Token).AsTask();
        CancelSoonIfPending(ping.IsCompleted || _random.Next(2) == 0, cancellation);
        try
        {
            Assert.True(await ping >= TimeSpan.Zero);
        }
        catch (OperationCanceledException)
        {
            CanceledCount++;
        }
    }

    private void CancelSoonIfPending(bool isCompleted, CancellationTokenSource cancellation)
    {
        if (!isCompleted && _random.Next(2) == 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(Cancel, cancellation, preferLocal: false);
        }

        static void Cancel(CancellationTokenSource cancellation)
        {
            try
            {
                cancellation.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // The send has completed first.
            }
        }
    }
}
