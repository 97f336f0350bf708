using System.Numerics;
using System.Reflection;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>Explores every sequence of events that a lifecycle can go through.</summary>
/// <remarks>
/// A lifecycle behaves the same in the same state, so each event is applied to each state once, however many sequences lead to
/// it. The search is complete: it ends when no event leads to a new state.
/// </remarks>
internal sealed class LifecycleSearch
{
    private static readonly FieldInfo[] Fields =
        typeof(ConnectionLifecycle).GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public);

    private static readonly Func<object, object> Clone =
        typeof(object).GetMethod("MemberwiseClone", BindingFlags.Instance | BindingFlags.NonPublic)!
            .CreateDelegate<Func<object, object>>();

    private readonly Dictionary<string, State> _states = [];
    private readonly List<Step> _steps = [];
    private readonly List<Step> _answers = [];

    /// <summary>Explores all states.</summary>
    public LifecycleSearch(Role role)
    {
        Start = Find(new ConnectionLifecycle(role), default, from: null, by: null, out _);
        var waiting = new Queue<State>([Start]);
        while (waiting.TryDequeue(out State? state))
        {
            foreach (LifecycleEvent happening in LifecycleEvent.All.Where(happening => happening.MayHappen(state.Story)))
            {
                ConnectionLifecycle next = Copy(state.Life);
                LifecycleCommands commands = happening.Happen(next);
                LifecycleStory story = state.Story.Then(happening.Name, commands, next);
                State after = Find(next, story, state, happening, out bool isNew);
                if (happening.Twin is null)
                {
                    state.Next.Add(after);
                }

                _steps.Add(new Step(state, happening, commands, after));
                if (isNew)
                {
                    waiting.Enqueue(after);
                }
            }

            foreach (LifecycleEvent question in LifecycleEvent.Questions.Where(question => question.MayHappen(state.Story)))
            {
                ConnectionLifecycle asked = Copy(state.Life);
                LifecycleCommands commands = question.Happen(asked);
                _answers.Add(new Step(state, question, commands, Find(asked, state.Story, state, question, out _)));
            }
        }
    }

    /// <summary>The initial state, an open connection.</summary>
    public State Start { get; }

    /// <summary>The number of states.</summary>
    public int StateCount => _states.Count;

    /// <summary>Each state with each event that can happen in it.</summary>
    public IReadOnlyList<Step> Steps => _steps;

    /// <summary>Each state with each question that can be asked in it.</summary>
    public IReadOnlyList<Step> Answers => _answers;

    /// <summary>Returns the number of sequences of at most this many events.</summary>
    public BigInteger CountSequences(int length)
    {
        Dictionary<State, BigInteger> ending = new() { [Start] = 1 };
        BigInteger count = 0;
        for (int i = 0; i < length; i++)
        {
            Dictionary<State, BigInteger> longer = [];
            foreach ((State state, BigInteger ways) in ending)
            {
                foreach (State next in state.Next)
                {
                    longer[next] = longer.GetValueOrDefault(next) + ways;
                    count += ways;
                }
            }

            ending = longer;
        }

        return count;
    }

    public static ConnectionLifecycle Copy(ConnectionLifecycle life) => (ConnectionLifecycle)Clone(life);

    private State Find(ConnectionLifecycle life, LifecycleStory story, State? from, LifecycleEvent? by, out bool isNew)
    {
        string key = $"{string.Join('|', Fields.Select(field => Describe(field.GetValue(life))))}|{story}";
        isNew = !_states.TryGetValue(key, out State? state);
        if (isNew)
        {
            _states[key] = state = new State(life, story, from, by);
        }

        return state!;
    }

    // Exceptions are compared by their messages, since some are created when they are needed.
    private static string Describe(object? value) => value switch
    {
        null => "-",
        Exception exception => exception.GetType().Name + exception.Message,
        ClosingHandshake handshake => string.Join(
            ',', typeof(ClosingHandshake).GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public)
                .Select(field => Describe(field.GetValue(handshake)))),
        CloseStatus status => $"{status.Code}{status.Reason}",
        _ => value.ToString()!,
    };

    /// <summary>A state, and the shortest sequence that leads to it.</summary>
    internal sealed class State(ConnectionLifecycle life, LifecycleStory story, State? from, LifecycleEvent? by)
    {
        public ConnectionLifecycle Life { get; } = life;

        public LifecycleStory Story { get; } = story;

        public List<State> Next { get; } = [];

        public override string ToString() => from is null ? "open" : $"{from}; {by!.Name}";
    }

    /// <summary>An event in a state.</summary>
    internal sealed record Step(State Before, LifecycleEvent Event, LifecycleCommands Commands, State After);
}
