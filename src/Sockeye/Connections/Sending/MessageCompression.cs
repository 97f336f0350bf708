using Sockeye.Compression;
using Sockeye.Protocol;

namespace Sockeye.Connections.Sending;

/// <summary>permessage-deflate on one connection, in both directions (RFC 7692).</summary>
internal sealed class MessageCompression
{
    private readonly int _minimumSize;
    private readonly CompressedSends? _sends;

    /// <summary>Begins with what was agreed on in the opening handshake.</summary>
    /// <param name="core">The connection.</param>
    /// <param name="agreed">What both ends do.</param>
    public MessageCompression(ConnectionCore core, in PerMessageDeflateParameters agreed)
    {
        ConnectionSettings settings = core.Settings;
        MessageCodecs codecs = settings.Codecs
            ?? throw new ArgumentException("The settings have no codecs.", nameof(core));
        Role peer = settings.Role == Role.Server ? Role.Client : Role.Server;
        Agreed = agreed;
        Inflater = new MessageInflater(codecs, agreed, peer, settings.Memory);
        _minimumSize = codecs.Options.MinimumLength;
        _sends = MessageDeflater.CanDeflate(agreed, settings.Role)
            ? new CompressedSends(core, new MessageDeflater(codecs, agreed, settings.Role, settings.Memory))
            : null;
    }

    /// <summary>What was agreed on.</summary>
    public PerMessageDeflateParameters Agreed { get; }

    /// <summary>For the messages that arrive. Only on the I/O thread.</summary>
    public MessageInflater Inflater { get; }

    /// <summary>What sends a message, or its first fragment, of this length; <see langword="null"/> if it is to go as it is.</summary>
    public CompressedSends? SendsFor(int length) => length >= _minimumSize ? _sends : null;

    /// <summary>Gives the codecs back: the connection has ended. On the I/O thread.</summary>
    public void Release()
    {
        Inflater.Release();
        _sends?.Release();
    }
}
