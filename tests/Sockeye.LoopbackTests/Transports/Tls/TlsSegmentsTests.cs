using System.Security.Authentication;

namespace Sockeye.Tests;

/// <summary>Connections over TLS in place, whose peer's ciphertext arrives in every segmentation.</summary>
public sealed class TlsSegmentsTests
{
    private const int FullRecord = 16 * 1024;

    /// <summary>Both roles, both versions, and the length of the pieces.</summary>
    public static MatrixTheoryData<TappedEnd, SslProtocols, int> Pieces { get; } =
        new(Enum.GetValues<TappedEnd>(), [SslProtocols.Tls12, SslProtocols.Tls13], [1, 2, 7, 1000]);

    /// <summary>Both roles and both versions.</summary>
    public static MatrixTheoryData<TappedEnd, SslProtocols> Both { get; } =
        new(Enum.GetValues<TappedEnd>(), [SslProtocols.Tls12, SslProtocols.Tls13]);

    [Theory]
    [MemberData(nameof(Pieces))]
    public async Task Messages_arrive_in_pieces_that_are_read_one_by_one(TappedEnd end, SslProtocols version, int pieceLength)
    {
        await using TappedTls pair = await TappedTls.OpenAsync(end, version, pieceLength);
        pair.SendInPieces(pieceLength);

        foreach (int length in (int[])[0, 1, 125, 126, 2000, pieceLength < 10 ? 3000 : 3 * FullRecord])
        {
            await pair.Peer.SendAsync(pair.Frame(RawFrame.Binary, Payloads.Bytes(length)));

            Assert.Equal(Payloads.Bytes(length), (await pair.Connection.ReceiveMessageAsync().WithDeadline()).Payload.ToArray());
        }

        await pair.Connection.SendAsync("and back");
        Assert.Equal("and back", (await pair.Peer.ReadFrameAsync()).PayloadText);
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task A_frame_may_be_cut_into_records_of_one_byte_that_arrive_at_once(TappedEnd end, SslProtocols version)
    {
        await using TappedTls pair = await TappedTls.OpenAsync(end, version);
        List<byte> ciphertext = [];
        for (int number = 0; number < 20; number++)
        {
            foreach (byte next in pair.Frame(RawFrame.Text, [(byte)('a' + number)]))
            {
                ciphertext.AddRange(await pair.EncryptAsync(new[] { next }));
            }
        }

        await pair.SendAsync([.. ciphertext]);

        for (int number = 0; number < 20; number++)
        {
            Assert.Equal($"{(char)('a' + number)}", (await pair.Connection.ReceiveMessageAsync().WithDeadline()).GetText());
        }
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task Full_records_back_to_back_carry_many_messages(TappedEnd end, SslProtocols version)
    {
        await using TappedTls pair = await TappedTls.OpenAsync(end, version);
        byte[] large = Payloads.Bytes(1_000_000);
        byte[] frames =
        [
            .. pair.Frame(RawFrame.Text, "before"u8),
            .. pair.Frame(RawFrame.Binary, large),
            .. pair.Frame(RawFrame.Text, "behind"u8),
        ];
        byte[] ciphertext = await pair.EncryptAsync(frames);
        Assert.InRange(ciphertext.Length, large.Length + (large.Length / FullRecord), large.Length + (100 * large.Length / FullRecord));

        Task sending = pair.Tap.SendAsync(ciphertext);

        Assert.Equal("before", (await pair.Connection.ReceiveMessageAsync().WithDeadline()).GetText());
        Assert.Equal(large, (await pair.Connection.ReceiveMessageAsync().WithDeadline()).Payload.ToArray());
        Assert.Equal("behind", (await pair.Connection.ReceiveMessageAsync().WithDeadline()).GetText());
        await sending.WithDeadline();
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task A_record_in_two_reads_is_whole_wherever_it_is_cut(TappedEnd end, SslProtocols version)
    {
        await using TappedTls pair = await TappedTls.OpenAsync(end, version);
        int recordLength = int.MaxValue;
        for (int cut = 1; cut < recordLength; cut++)
        {
            byte[] first = await pair.EncryptAsync(pair.Frame(RawFrame.Text, "one"u8));
            byte[] second = await pair.EncryptAsync(pair.Frame(RawFrame.Text, "two"u8));
            recordLength = second.Length;

            await pair.SendAsync([.. first, .. second[..cut]]);
            Assert.Equal("one", (await pair.Connection.ReceiveMessageAsync().WithDeadline()).GetText());
            Task<WebSocketMessage> receiving = pair.Connection.ReceiveMessageAsync().AsTask();
            Assert.False(receiving.IsCompleted);
            await pair.SendAsync(second[cut..]);
            Assert.Equal("two", (await receiving.WithDeadline()).GetText());
        }
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task A_full_inbox_pauses_in_the_middle_of_the_ciphertext_and_loses_nothing(TappedEnd end, SslProtocols version)
    {
        await using TappedTls pair = await TappedTls.OpenAsync(end, version);
        List<byte> ciphertext = [];
        for (byte number = 0; number < 200; number++)
        {
            ciphertext.AddRange(await pair.EncryptAsync(pair.Frame(RawFrame.Binary, [number, .. new byte[number % 3 * 1000]])));
        }

        Task sending = pair.Tap.SendAsync(ciphertext.ToArray());
        await Deadlines.UntilAsync(() => pair.Connection.Core.Receiver.IsReadingPaused, "reading waits for the application");

        for (byte number = 0; number < 200; number++)
        {
            WebSocketMessage message = await pair.Connection.ReceiveMessageAsync().WithDeadline();
            Assert.Equal((number, 1 + (number % 3 * 1000)), (message.Payload.Span[0], message.Payload.Length));
        }

        await sending.WithDeadline();
    }
}
