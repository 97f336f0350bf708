namespace Sockeye.Tests;

/// <summary>A server of another library, with the paths of <c>peers/README.md</c>.</summary>
internal abstract class PeerServer : IAsyncDisposable
{
    /// <summary>Its address, without a path.</summary>
    public abstract Uri Address { get; }

    public Uri At(string path) => new(Address, path);

    /// <summary>How the next of its connections ended, as the server saw it.</summary>
    public abstract Task<PeerClose> NextCloseAsync();

    public abstract ValueTask DisposeAsync();
}
