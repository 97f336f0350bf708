using System.Diagnostics;
using Sockeye.Timing;

namespace Sockeye.Memory;

/// <summary>Looks, at intervals, for what a pool keeps and nobody needs; only as long as the pool keeps anything.</summary>
/// <param name="wheel">Where time comes from.</param>
/// <param name="interval">How long something must lie idle to be released.</param>
/// <param name="trim">Releases it, and answers whether to look again.</param>
internal sealed class IdleTrimmer(DeadlineWheel wheel, TimeSpan interval, Func<bool> trim) : Deadline
{
    private volatile bool _isWatching;

    /// <summary>Makes one for a pool of the process: idle is what was not used for one to two times 5 seconds.</summary>
    public static IdleTrimmer OfProcess(Func<bool> trim) =>
        new(DeadlineWheel.For(TimeProvider.System), LargeArrayPool.TrimInterval, trim);

    /// <summary>Something is kept from now on. Cheap when it is known already. Any thread.</summary>
    public void Start()
    {
        if (!_isWatching)
        {
            _isWatching = true;
            wheel.Schedule(this, interval);
        }
    }

    /// <inheritdoc/>
    public override void OnDue(DeadlineWheel turned)
    {
        // First, so that what is kept from now on is seen below, or watched by itself.
        _isWatching = false;
        if (trim())
        {
            Start();
        }
    }

    /// <inheritdoc/>
    /// <remarks>
    /// What is kept stays kept, and is looked for again when something is returned. A pool of the process has no logger.
    /// </remarks>
    public override void OnFaulted(Exception exception) => Trace.TraceError($"A pool could not be trimmed: {exception}");
}
