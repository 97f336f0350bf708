namespace Sockeye.Protocol.Tests;

/// <summary>Messages delivered fragment by fragment, without assembly.</summary>
public sealed class MessageReaderFragmentTests
{
    [Fact]
    public void Each_piece_of_a_frame_is_delivered_as_it_arrives()
    {
        ReaderRun run = Create();

        run.Feed(Wire.Bytes("02 05 01"));
        run.Feed(Wire.Bytes("0203"));
        run.Feed(Wire.Bytes("0405 89 00 80 01 06"));

        Assert.Equal(["binary 01…", "binary 0203…", "binary 0405…", "ping ", "binary 06"], run.Received);
        Assert.Equal(0, run.Pool.RentCount);
    }

    [Fact]
    public void An_empty_fragment_is_delivered_only_if_it_ends_the_message()
    {
        ReaderRun run = Create();

        run.Feed(Wire.Bytes("01 00 00 00 00 01 61 80 00 81 00"));

        Assert.Equal(["text a…", "text ", "text "], run.Received);
    }

    [Theory]
    [Frames("02 03 010203 89 01 AA 00 00 80 02 0405 82 01 06 88 02 03E8")]
    public void The_pieces_of_a_message_add_up_to_the_message(Wire wire)
    {
        ReaderRun run = Create(wire.ToServer);
        foreach (byte[] segment in wire.Segments)
        {
            run.Feed(segment);
        }

        run.End();
        string data = string.Concat(
            run.Received.Where(answer => answer.StartsWith("binary ", StringComparison.Ordinal)).Select(a => a[7..]));
        Assert.Equal("010203040506", data.Replace("…", "", StringComparison.Ordinal));
        Assert.Equal(2, run.Received.Count(IsEndOfMessage));
        Assert.Equal("close 03E8", run.Received[^1]);
    }

    [Theory]
    [Frames("01 02 E282 80 01 41")]
    [Frames("81 03 E28241")]
    [Frames("81 02 E282")]
    [Frames("01 02 E282 80 00")]
    public void Text_is_checked_across_pieces(Wire wire)
    {
        ReaderRun run = Create(wire.ToServer);
        foreach (byte[] segment in wire.Segments)
        {
            run.Feed(segment);
        }

        Assert.Equal("error InvalidUtf8", run.Received[^1]);
        Assert.DoesNotContain(run.Received, IsEndOfMessage);
        run.End();
    }

    [Fact]
    public void The_limits_match_those_of_whole_messages()
    {
        ReaderRun tooLong = new(toServer: false, maxMessageLength: 6, deliversFragments: true);
        ReaderRun tooEmpty = Create();

        tooLong.Feed(Wire.Bytes("02 04 01020304 80 03"));
        for (int i = 0; i <= 64; i++)
        {
            tooEmpty.Feed(Wire.Bytes(i == 0 ? "02 00" : "00 00"));
        }

        Assert.Equal(["binary 01020304…", "error MessageTooLong"], tooLong.Received);
        Assert.Equal(["error TooManyEmptyFragments"], tooEmpty.Received);
    }

    private static ReaderRun Create(bool toServer = false) => new(toServer, deliversFragments: true);

    private static bool IsEndOfMessage(string answer) =>
        answer.StartsWith("binary ", StringComparison.Ordinal) && !answer.EndsWith('…');
}
