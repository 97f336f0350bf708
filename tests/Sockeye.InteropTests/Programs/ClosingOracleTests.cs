using System.Globalization;
using System.Text.Json;

namespace Sockeye.Tests;

/// <summary>
/// A second opinion about the end of a connection: python-websockets' protocol without I/O, which has nothing in common with this
/// library, is fed the same bytes in the same order.
/// </summary>
public sealed class ClosingOracleTests
{
    private const int ScriptCount = 2_000;
    private const int MaxSteps = 6;

    private const byte Close = 0x88;
    private const byte Ping = 0x89;
    private const byte FirstFragment = 0x01;
    private const byte LastFragment = 0x80;

    // What a peer may send, right and wrong: opcode and flags, payload.
    private static readonly (byte First, byte[] Payload)[] Frames =
    [
        (0x81, "a"u8.ToArray()),
        (0x82, [1, 2, 3]),
        (0x89, []),
        (0x89, "p"u8.ToArray()),
        (0x8A, []),
        (0x01, "b"u8.ToArray()),
        (0x80, "c"u8.ToArray()),
        (0x88, []),
        (0x88, [0x03, 0xE8]),
        (0x88, [0x03, 0xE9, .. "bye"u8]),
        (0x88, [0x0F, 0xA0]),
        // Violations: §5.5.1 and §7.4, §8.1, §5.2, §5.5, §5.2.
        (0x88, [0x03]),
        (0x88, [0x03, 0xED]),
        (0x88, [0x03, 0xE7]),
        (0x88, [0x03, 0xE8, 0xFF]),
        (0x83, []),
        (0x8B, []),
        (0x09, []),
        (0xA1, "d"u8.ToArray()),
        (0xC1, "e"u8.ToArray()),
    ];

    private static readonly int?[] LocalCodes = [1000, 1001, 4000, null];

    [Theory]
    [InlineData("server")]
    [InlineData("client")]
    public async Task Connection_ends_with_the_same_code_and_order_as_python_websockets(string role)
    {
        string python = PeerPrograms.RequirePython();
        var random = new Random(20_261_129);
        Script[] scripts = [.. Enumerable.Range(0, ScriptCount).Select(_ => Script.Create(random, role))];

        await using PeerProcess oracle = PeerProcess.Start(python, [Path.Combine(PeerPrograms.Folder, "python", "closing.py")]);
        Task<string> reading = oracle.ReadToEndAsync();
        await oracle.WriteAsync(string.Concat(scripts.Select(script => script.ToJson() + "\n")));
        string[] answers = (await reading).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.True(answers.Length == ScriptCount, await oracle.ErrorsAsync());
        List<string> differences = [];
        foreach ((Script script, string answer) in scripts.Zip(answers))
        {
            string expected = JsonSerializer.Deserialize<Answer>(answer, JsonSerializerOptions.Web)!.ToEnding().ToString();
            string actual = script.RunHere().ToString();
            if (actual != expected)
            {
                differences.Add($"{script}: {actual}, not {expected}");
            }
        }

        Assert.True(differences.Count == 0, $"{differences.Count} differ:\n{string.Join('\n', differences.Take(20))}");
    }

    /// <summary>What an end of a connection sent, whether it ended its direction, and the codes of the Close frames.</summary>
    private sealed record Answer(IReadOnlyList<string> Sent, bool Ended, int? CloseSent, int? CloseReceived)
    {
        // A result has one code: the peer's, if it closed; else that of a failure; else, as in every library, 1006.
        public Ending ToEnding() => new(Sent, Ended, CloseReceived ?? CloseSent ?? 1006);
    }

    /// <summary>What an end of a connection sent, whether it ended its direction, and the code of the result.</summary>
    private sealed record Ending(IReadOnlyList<string> Sent, bool Ended, int Code)
    {
        public override string ToString() => $"{string.Join(' ', Sent)}{(Ended ? " end" : "")}, {Code}";
    }

    private sealed record Script(string Role, IReadOnlyList<object?[]> Steps)
    {
        public static Script Create(Random random, string role)
        {
            List<object?[]> steps = [];
            bool isInMessage = false;
            bool isClosing = false;
            for (int left = random.Next(1, MaxSteps + 1); left > 0; left--)
            {
                if (random.Next(5) == 0)
                {
                    steps.Add(["close", LocalCodes[random.Next(LocalCodes.Length)]]);
                    isClosing = true;
                    continue;
                }

                (byte first, byte[] payload) = Frames[random.Next(Frames.Length)];
                if ((first == Close && isInMessage) || (first == Ping && isClosing))
                {
                    // §5.4 lets a Close frame come between the fragments of a message, which python-websockets takes for a violation.
                    // And it reads no further after a ping that it must not respond to, since its own Close frame has left.
                    continue;
                }

                isInMessage = first == FirstFragment || (isInMessage && first != LastFragment);
                byte[] frame = [first, (byte)payload.Length, .. payload];

                // §5.1: one frame in twenty is masked by the wrong end, or not by the right one.
                bool isMasked = (role == "server") != (random.Next(20) == 0);
                steps.Add(["data", Convert.ToHexString(isMasked ? Wire.Masked(frame) : frame)]);
            }

            steps.Add(["eof"]);
            return new Script(role, steps);
        }

        public string ToJson() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);

        public Ending RunHere()
        {
            var test = new TestConnection(
                Role == "server" ? Protocol.Role.Server : Protocol.Role.Client, new SilentHandler(), new WebSocketConnectionOptions
                {
                    KeepAlive = KeepAliveOptions.Disabled,
                });
            foreach (object?[] step in Steps)
            {
                switch (step[0])
                {
                    case "data":
                        test.Transport.Feed(Convert.FromHexString((string)step[1]!));
                        break;
                    case "eof":
                        test.Transport.EndInput();
                        break;
                    default:
                        _ = test.Connection.CloseAsync((WebSocketCloseCode?)(int?)step[1]).AsTask();
                        break;
                }
            }

            IReadOnlyList<RawFrame> frames = test.Frames();
            return new Ending(
                [.. frames.Select(frame => string.Create(
                    CultureInfo.InvariantCulture,
                    $"{(byte)frame.Opcode:x}:{Convert.ToHexStringLower(frame.Opcode == RawOpcode.Close ? frame.Payload.AsSpan(0, Math.Min(2, frame.Payload.Length)) : frame.Payload)}"))],
                test.Transport.IsOutputEnded || test.Transport.IsClosed,
                (int)test.Result.Code);
        }

        public override string ToString() => string.Join(' ', Steps.Select(step => string.Join(':', step)));
    }

    private sealed class SilentHandler : WebSocketHandler;
}
