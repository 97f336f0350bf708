using System.Diagnostics;
using Sockeye.Connections.Receiving;
using Sockeye.Connections.Sending;

namespace Sockeye.Connections;

/// <summary>The parts that only connections with certain options have. All others do without this object.</summary>
/// <param name="Compression">Compresses and inflates messages, if that was agreed on.</param>
/// <param name="Rates">Checks how much the peer sends, if that is limited.</param>
internal sealed record OptionalParts(MessageCompression? Compression, ReceiveRates? Rates)
{
    /// <summary>The activity of the connection, if there is one. Set before any code of the application sees the connection.</summary>
    public Activity? Activity { get; set; }
}
