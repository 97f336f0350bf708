namespace Sockeye.Tests;

/// <summary>
/// Gives a theory frames in both roles, in every delivery of a <see cref="WireAttribute"/>: unmasked to a client, and masked to
/// a server.
/// </summary>
/// <param name="hex">Unmasked frames, in hex, spaced at will; the last may be cut off after its header.</param>
/// <param name="more">The arguments of the test after the <see cref="Wire"/>.</param>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class FramesAttribute(string hex, params object?[] more) : WireAttribute(hex, more)
{
    protected override IEnumerable<Wire> Deliveries(byte[] bytes) =>
        [.. Wire.Deliveries(bytes), .. Wire.Deliveries(Wire.Masked(bytes), toServer: true)];
}
