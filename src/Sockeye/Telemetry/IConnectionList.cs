namespace Sockeye.Telemetry;

/// <summary>The connections of a server, which are read when metrics are collected.</summary>
internal interface IConnectionList
{
    /// <summary>Returns the connections that are open now.</summary>
    IReadOnlyList<IMeasuredConnection> GetMeasured();
}
