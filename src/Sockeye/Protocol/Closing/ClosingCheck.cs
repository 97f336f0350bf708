namespace Sockeye.Protocol;

/// <summary>What a <see cref="ClosingDeadline"/> decides when it is due.</summary>
/// <param name="HasPassed">Whether the wait has lasted too long.</param>
/// <param name="Limit">How long the wait may last.</param>
/// <param name="Next">When the deadline is due again, if it has not passed.</param>
/// <param name="ReceiverStall">
/// How long this end has been closing, if the application takes so little that the connection has to read on without it;
/// <see langword="null"/> if not.
/// </param>
internal readonly record struct ClosingCheck(bool HasPassed, TimeSpan Limit, TimeSpan Next, TimeSpan? ReceiverStall);
