namespace Sockeye.AspNetCore.Upgrades;

/// <summary>The server does not upgrade a request: it has reached its own limit of upgraded connections. Nothing was sent.</summary>
/// <param name="inner">The exception of the server.</param>
internal sealed class UpgradeRefusedException(InvalidOperationException inner)
    : Exception("The server does not take another upgraded connection now.", inner);
