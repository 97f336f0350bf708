using System.Globalization;
using System.Net.WebSockets;

namespace Sockeye.Tests;

/// <summary>
/// A random script for two connected sockets, carried out on the platform's and on Sockeye's at once. It knows what is on its way to each
/// end, so that it waits only for calls that complete, and leaves out what is documented to differ.
/// </summary>
internal sealed class WebSocketScript
{
    private const int MaxSteps = 14;
    private const int MaxLength = 40;

    private static readonly WebSocketCloseStatus[] Codes =
    [
        WebSocketCloseStatus.NormalClosure, WebSocketCloseStatus.EndpointUnavailable, WebSocketCloseStatus.MandatoryExtension,
        WebSocketCloseStatus.InternalServerError, (WebSocketCloseStatus)3000, (WebSocketCloseStatus)4999,
    ];

    private static readonly WebSocketCloseStatus[] WrongCodes = [0, (WebSocketCloseStatus)999, (WebSocketCloseStatus)1006, (WebSocketCloseStatus)1015];

    private readonly Random _random;
    private readonly bool _deliverFragments;
    private readonly bool _asPlatform;
    private readonly SocketPair _platform = SocketPair.OfPlatform();
    private readonly SocketPair _sockeye;
    private readonly List<string> _steps = [];

    // By end: whole messages and a Close frame on their way to it, a message it has begun, and whether its transport is gone.
    private readonly int[] _messages = new int[2];
    private readonly bool[] _closes = new bool[2];
    private readonly bool[] _hasBegun = new bool[2];
    private readonly bool[] _isGone = new bool[2];

    // Calls that wait: until they complete, the states may change at any time.
    private int _pendingCount;

    private WebSocketScript(int seed, bool deliverFragments, bool asPlatform)
    {
        _random = new Random(seed);
        _deliverFragments = deliverFragments;
        _asPlatform = asPlatform;
        _sockeye = SocketPair.OfSockeye(deliverFragments, asPlatform);
    }

    /// <summary>Runs one script.</summary>
    /// <returns>The steps, the last of them the first that differed; <see langword="null"/> if none did.</returns>
    public static async Task<IReadOnlyList<string>?> RunAsync(
        int seed, bool deliverFragments, bool asPlatform, Dictionary<string, int> outcomes)
    {
        WebSocketScript script = new(seed, deliverFragments, asPlatform);
        bool isSame = true;
        for (int i = 0; i < MaxSteps && isSame; i++)
        {
            isSame = await script.StepAsync(outcomes);
        }

        script._platform.End();
        script._sockeye.End();
        return isSame ? null : script._steps;
    }

    private static int Other(int end) => 1 - end;

    private WebSocketState StateOf(int end) => _platform.StateOf(end);

    private bool CanSend(int end) => StateOf(end) is WebSocketState.Open or WebSocketState.CloseReceived;

    private bool CanReceive(int end) => StateOf(end) is WebSocketState.Open or WebSocketState.CloseSent;

    private bool HasInput(int end) => _messages[end] > 0 || _closes[end] || _isGone[Other(end)];

    // A lost connection fails sends of Sockeye at once, and those of the platform when its stream fails.
    private bool IsLostUnseen(int end) => _isGone[Other(end)] && !_closes[end] && CanReceive(end);

    private async Task<bool> StepAsync(Dictionary<string, int> outcomes)
    {
        int end = _random.Next(2);
        switch (_random.Next(20))
        {
            case < 7 when !IsLostUnseen(end):
                return await SendMessageAsync(end, outcomes);
            case < 12 when HasInput(end) || !CanReceive(end):
                return await ReceiveAsync(end, outcomes);
            case 12 when !IsLostUnseen(end) && CanClose(end):
                return await CloseOutputAsync(end, outcomes);
            case 13 when CanClose(end) || StateOf(end) == WebSocketState.CloseSent:
                return await CloseAsync(end, outcomes);
            case 14 or 15 when !HasInput(end) && CanReceive(end) && !_hasBegun[Other(end)]:
                return await ReceiveFirstAsync(end, outcomes);
            case 16 when CanSend(end) && CanReceive(Other(end)) && !_isGone[Other(end)] && !_hasBegun[end] && !IsLostUnseen(end):
                return await BreakRuleAsync(end, outcomes);
            case 17 when _asPlatform && _random.Next(2) == 0:
                return await CancelAsync(end, outcomes);
            case 17:
                return await RejectArgumentsAsync(end, outcomes);
            case 18 when _random.Next(3) == 0:
                return await AbortAsync(end, outcomes);
            case 19 when _random.Next(3) == 0 && MayDispose(end):
                return await DisposeAsync(end, outcomes);
            default:
                return true;
        }
    }

    // A received message would end with the Close frame: delivered in part by the platform, and not at all if messages are whole.
    private bool CanClose(int end) => CanSend(end) ? !_hasBegun[end] || _deliverFragments : StateOf(end) != WebSocketState.CloseSent;

    // Disposing of a closing socket completes Sockeye's closing handshake, and breaks that of the platform.
    private bool MayDispose(int end) => _asPlatform
        || (!_hasBegun[end] || _deliverFragments)
        && (StateOf(end) != WebSocketState.CloseReceived || StateOf(Other(end)) is WebSocketState.Closed or WebSocketState.Aborted);

    private async Task<bool> SendMessageAsync(int end, Dictionary<string, int> outcomes)
    {
        int fragments = _random.Next(4) == 0 ? _random.Next(2, 5) : 1;
        bool leavesOpen = _deliverFragments && _random.Next(12) == 0;
        for (int i = 0; i < fragments; i++)
        {
            bool endOfMessage = i == fragments - 1 && !leavesOpen;

            // An empty fragment that does not end its message is not sent: it shows only where each receive counts.
            byte[] payload = new byte[_random.Next(4) == 0 ? 0 : _random.Next(MaxLength)];
            payload = payload.Length == 0 && _asPlatform && !endOfMessage ? new byte[1] : payload;
            _random.NextBytes(payload);

            // ASCII, so that every fragment is valid text.
            payload = [.. payload.Select(value => (byte)(value & 0x7F))];
            WebSocketMessageType type = _random.Next(2) == 0 ? WebSocketMessageType.Binary : WebSocketMessageType.Text;
            bool asSegment = _random.Next(2) == 0;
            bool counts = CanSend(end);
            if (!await BothAsync(
                $"{end} sends {type} {Convert.ToHexString(payload)} {(endOfMessage ? "whole" : "begun")}",
                pair => pair.SendAsync(end, payload, type, endOfMessage, asSegment), outcomes))
            {
                return false;
            }

            if (counts)
            {
                _messages[Other(end)] += endOfMessage ? 1 : 0;
                _hasBegun[end] = !endOfMessage;
            }
        }

        return true;
    }

    private async Task<bool> ReceiveAsync(int end, Dictionary<string, int> outcomes)
    {
        int seed = _random.Next();
        bool counts = CanReceive(end);
        if (!await BothAsync($"{end} receives", pair => pair.ReceiveMessageAsync(end, seed, _asPlatform), outcomes))
        {
            return false;
        }

        if (counts)
        {
            NoteReceived(end);
        }

        return true;
    }

    private void NoteReceived(int end)
    {
        if (_messages[end] > 0)
        {
            _messages[end]--;
        }
        else
        {
            _closes[end] = false;
        }
    }

    private async Task<bool> CloseOutputAsync(int end, Dictionary<string, int> outcomes)
    {
        (WebSocketCloseStatus code, string? reason) = NextClose();
        bool counts = CanSend(end);
        if (!await BothAsync(
            $"{end} closes its output with {(int)code} {reason}", pair => pair.CloseOutputAsync(end, code, reason), outcomes))
        {
            return false;
        }

        _closes[Other(end)] |= counts;
        return true;
    }

    private async Task<bool> CloseAsync(int end, Dictionary<string, int> outcomes)
    {
        (WebSocketCloseStatus code, string? reason) = NextClose();
        bool sends = CanSend(end);
        bool completes = StateOf(end) != WebSocketState.Open && StateOf(end) != WebSocketState.CloseSent;
        completes |= _closes[end] || _isGone[Other(end)];
        Pending closing = Begin($"{end} closes with {(int)code} {reason}", pair => pair.CloseAsync(end, code, reason));
        _closes[Other(end)] |= sends;
        bool isSame = true;
        if (!completes)
        {
            isSame = await RespondToCloseAsync(end, outcomes);
        }

        isSame &= await CompleteAsync(closing, outcomes);
        _messages[end] = 0;
        _closes[end] = false;
        return isSame;
    }

    // The other end closes too, or the transport ends: either way the close completes.
    private async Task<bool> RespondToCloseAsync(int end, Dictionary<string, int> outcomes)
    {
        int other = Other(end);
        bool isSame = true;
        switch (_random.Next(8))
        {
            case 0:
                return await AbortAsync(other, outcomes);
            case 1 when StateOf(other) == WebSocketState.Open && MayDispose(other):
                return await DisposeAsync(other, outcomes);
            case 2:
                return await AbortAsync(end, outcomes);
        }

        while (isSame && CanReceive(other) && HasInput(other))
        {
            isSame = await ReceiveAsync(other, outcomes);
        }

        if (_hasBegun[other] && !_deliverFragments)
        {
            isSame &= await SendMessageAsync(other, outcomes);
        }

        return isSame && await CloseOutputAsync(other, outcomes);
    }

    // A receive that waits until something happens.
    private async Task<bool> ReceiveFirstAsync(int end, Dictionary<string, int> outcomes)
    {
        int other = Other(end);
        int seed = _random.Next();
        Pending receiving = Begin($"{end} waits to receive", pair => pair.ReceiveMessageAsync(end, seed, _asPlatform));
        bool isSame = true;
        switch (_random.Next(8))
        {
            case 0 when MayDispose(end):
                isSame = await DisposeAsync(end, outcomes);
                break;
            case 1:
                isSame = await AbortAsync(end, outcomes);
                break;
            case 2:
                isSame = await AbortAsync(other, outcomes);
                break;
            case 3 when StateOf(other) == WebSocketState.Open:
                isSame = await DisposeAsync(other, outcomes);
                break;
            case 4 or 5 when CanSend(other):
                isSame = await CloseOutputAsync(other, outcomes);
                break;
            default:
                while (isSame && CanSend(other) && _messages[end] == 0)
                {
                    isSame = await SendMessageAsync(other, outcomes);
                }

                if (!CanSend(other))
                {
                    isSame &= await AbortAsync(end, outcomes);
                }

                break;
        }

        isSame &= await CompleteAsync(receiving, outcomes);
        NoteReceived(end);
        return isSame;
    }

    // Text that is not UTF-8. It is noticed by the platform when it is received, so the other end receives it at once.
    private async Task<bool> BreakRuleAsync(int end, Dictionary<string, int> outcomes)
    {
        int other = Other(end);
        if (_closes[other])
        {
            return true;
        }

        bool replies = CanSend(other);
        bool isSame = await BothAsync(
            $"{end} sends invalid text", pair => pair.SendAsync(end, [0xFF], WebSocketMessageType.Text, true, asSegment: false),
            outcomes, looks: false);
        _messages[other]++;
        while (isSame && CanReceive(other))
        {
            isSame = await ReceiveAsync(other, outcomes);
        }

        _closes[end] |= replies;
        _isGone[other] |= !replies;
        return isSame;
    }

    private async Task<bool> RejectArgumentsAsync(int end, Dictionary<string, int> outcomes)
    {
        switch (_random.Next(4))
        {
            case 0:
                return await BothAsync(
                    $"{end} sends a Close message", pair => pair.SendAsync(end, [], WebSocketMessageType.Close, true, true), outcomes);
            case 1:
                WebSocketCloseStatus code = WrongCodes[_random.Next(WrongCodes.Length)];
                return await BothAsync($"{end} closes with {(int)code}", pair => pair.CloseAsync(end, code, null), outcomes);
            case 2:
                return await BothAsync(
                    $"{end} closes with a reason without a code", pair => pair.CloseOutputAsync(end, WebSocketCloseStatus.Empty, "x"),
                    outcomes);
            default:
                return await BothAsync(
                    $"{end} closes with a long reason",
                    pair => pair.CloseAsync(end, WebSocketCloseStatus.NormalClosure, new string('x', 124)), outcomes);
        }
    }

    // A canceled receive aborts; a send or a close that was canceled before it began does nothing.
    private async Task<bool> CancelAsync(int end, Dictionary<string, int> outcomes)
    {
        if (_random.Next(3) > 0)
        {
            // Within a message, the platform forgets that one was begun, and breaks the message.
            return IsLostUnseen(end) || _hasBegun[end] || await BothAsync($"{end} sends and closes, canceled", pair => pair.SendCanceledAsync(end), outcomes);
        }

        if (!CanReceive(end) || HasInput(end) || _hasBegun[Other(end)])
        {
            return true;
        }

        _isGone[end] = true;
        return await BothAsync($"{end} cancels a receive", pair => pair.CancelReceiveAsync(end), outcomes);
    }

    private async Task<bool> AbortAsync(int end, Dictionary<string, int> outcomes)
    {
        _isGone[end] = true;
        return await BothAsync($"{end} aborts", pair => pair.AbortAsync(end), outcomes);
    }

    private async Task<bool> DisposeAsync(int end, Dictionary<string, int> outcomes)
    {
        _isGone[end] = true;
        return await BothAsync($"{end} is disposed", pair => pair.DisposeAsync(end), outcomes);
    }

    private (WebSocketCloseStatus Code, string? Reason) NextClose() =>
        (Codes[_random.Next(Codes.Length)], _random.Next(3) switch
        {
            0 => null,
            1 => "",
            _ => _random.Next().ToString(CultureInfo.InvariantCulture),
        });

    private Pending Begin(string step, Func<SocketPair, Task<string>> act)
    {
        _pendingCount++;
        _steps.Add($"{step} …");
        return new Pending(step, act(_platform), act(_sockeye));
    }

    private async Task<bool> BothAsync(
        string step, Func<SocketPair, Task<string>> act, Dictionary<string, int> outcomes, bool looks = true)
    {
        Pending pending = Begin(step, act);
        _steps.RemoveAt(_steps.Count - 1);
        return await CompleteAsync(pending, outcomes, looks);
    }

    private async Task<bool> CompleteAsync(Pending pending, Dictionary<string, int> outcomes, bool looks = true)
    {
        string platform = await WaitAsync(pending.Platform);
        string sockeye = await WaitAsync(pending.Sockeye);
        _pendingCount--;
        string outcome = string.Join(' ', platform.Split(' ').Take(2).Where(word => !word.All(char.IsAsciiHexDigitUpper)));
        outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
        if (looks && _pendingCount == 0)
        {
            platform += $"; {_platform.Describe()}";
            sockeye += $"; {_sockeye.Describe()}";
        }

        _steps.Add(platform == sockeye ? $"{pending.Step}: {platform}" : $"{pending.Step}: platform {platform}, Sockeye {sockeye}");
        return platform == sockeye;
    }

    private static async Task<string> WaitAsync(Task<string> task)
    {
        try
        {
            return await task.WithDeadline();
        }
        catch (TimeoutException)
        {
            return "nothing";
        }
    }

    private sealed record Pending(string Step, Task<string> Platform, Task<string> Sockeye);
}
