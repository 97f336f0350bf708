using Sockeye.Compression;
using Sockeye.Protocol;

namespace Sockeye.Connections.Sending;

/// <summary>permessage-deflate on one connection, in both directions (RFC 7692).</summary>
internal sealed class MessageCompression
{
    private readonly int _minimumLength;
    private readonly MessageEncoder? _encoder;

    /// <summary>Starts with the parameters that were agreed on in the opening handshake.</summary>
    /// <param name="queue">Sends what is compressed.</param>
    /// <param name="settings">The settings of the connection, with codecs.</param>
    /// <param name="agreed">The parameters.</param>
    /// <param name="owner">The connection.</param>
    /// <exception cref="ArgumentException">The settings have no codecs.</exception>
    public MessageCompression(
        SendQueue queue, ConnectionSettings settings, in PerMessageDeflateParameters agreed, ISendQueueOwner owner)
    {
        MessageCodecs codecs = settings.Codecs
            ?? throw new ArgumentException("The settings have no codecs.", nameof(settings));
        Role peer = settings.Role == Role.Server ? Role.Client : Role.Server;
        Agreed = agreed;
        Inflater = new MessageInflater(codecs, agreed, peer, settings.Memory);
        SendsWithContext = agreed.HasContextTakeover(settings.Role);
        _minimumLength = codecs.Options.MinimumLength;
        _encoder = MessageDeflater.CanDeflate(agreed, settings.Role)
            ? new MessageEncoder(
                queue, settings, new MessageDeflater(codecs, agreed, settings.Role, settings.Memory), owner)
            : null;
    }

    /// <summary>Whether messages that are sent may refer to earlier ones, so that nothing else may be in the peer's window.</summary>
    public bool SendsWithContext { get; }

    /// <summary>The parameters that were agreed on.</summary>
    public PerMessageDeflateParameters Agreed { get; }

    /// <summary>Inflates the messages that arrive. Only on the I/O thread.</summary>
    public MessageInflater Inflater { get; }

    /// <summary>
    /// Returns what compresses a message, or its first fragment, of this length; <see langword="null"/> if it is sent
    /// uncompressed.
    /// </summary>
    public MessageEncoder? EncoderFor(int length) => length >= _minimumLength ? _encoder : null;

    /// <summary>Returns the codecs to their pools: the connection has ended. On the I/O thread.</summary>
    public void Release()
    {
        Inflater.Release();
        _encoder?.Release();
    }
}
