using System.Buffers;

namespace Sockeye.Protocol.Tests;

/// <summary>Processes heads as a connection would, from the first byte to the result.</summary>
internal static class Verdicts
{
    /// <summary>Returns a server's result for a request; <see langword="null"/> if the head is incomplete.</summary>
    public static WebSocketHandshakeError? OfServer(byte[] bytes, int[] delivery, ServerHandshakeRules rules)
    {
        WebSocketHandshakeError? error = Read(bytes, delivery, out int headLength);
        if (error != WebSocketHandshakeError.None)
        {
            return error;
        }

        HttpError httpError = RequestHead.TryParse(bytes.AsSpan(0, headLength), Lines(), out RequestHead request);
        return httpError != HttpError.None
            ? httpError.ToHandshakeError()
            : ServerHandshake.Check(request, rules, out _);
    }

    /// <summary>Returns a client's result for a response; <see langword="null"/> if the head is incomplete.</summary>
    public static WebSocketHandshakeError? OfClient(byte[] bytes, int[] delivery, ClientHandshakeExpectations expected)
    {
        WebSocketHandshakeError? error = Read(bytes, delivery, out int headLength);
        if (error != WebSocketHandshakeError.None)
        {
            return error;
        }

        HttpError httpError = ResponseHead.TryParse(
            bytes.AsSpan(0, headLength), Lines(), out ResponseHead response);
        return httpError != HttpError.None
            ? httpError.ToHandshakeError()
            : ClientHandshake.Check(response, expected, out _);
    }

    /// <summary>Parses a request that is valid HTTP.</summary>
    public static RequestHead Parse(string head)
    {
        Assert.Equal(HttpError.None, RequestHead.TryParse(HeadText.Bytes(head), Lines(), out RequestHead request));
        return request;
    }

    /// <summary>Returns the offer of an accepted request.</summary>
    public static ServerHandshakeOffer Offer(string head, ServerHandshakeRules? rules = null)
    {
        WebSocketHandshakeError error = ServerHandshake.Check(
            Parse(head), rules ?? ServerHandshakeRules.Default, out ServerHandshakeOffer offer);
        Assert.Equal(WebSocketHandshakeError.None, error);
        return offer;
    }

    /// <summary>Storage for as many header lines as a head may have.</summary>
    public static HeaderLine[] Lines() => new HeaderLine[HeadLimits.Default.MaxHeaderCount];

    private static WebSocketHandshakeError? Read(byte[] bytes, int[] delivery, out int headLength)
    {
        var reader = new HeadReader(HeadLimits.Default);
        headLength = 0;
        foreach (int received in delivery)
        {
            OperationStatus status = reader.Read(bytes.AsSpan(0, received), out headLength, out HttpError error);
            if (status != OperationStatus.NeedMoreData)
            {
                Assert.Equal(status == OperationStatus.InvalidData, error != HttpError.None);
                return error.ToHandshakeError();
            }
        }

        return null;
    }
}
