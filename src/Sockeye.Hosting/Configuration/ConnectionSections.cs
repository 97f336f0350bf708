namespace Sockeye.Hosting.Configuration;

/// <summary>Reads the options of connections.</summary>
internal static class ConnectionSections
{
    /// <summary>Reads how connections behave.</summary>
    public static WebSocketConnectionOptions Read(OptionSection section, WebSocketConnectionOptions current) =>
        section.Apply(current, options => options with
        {
            Limits = section.Nested(nameof(options.Limits), options.Limits, nested => Read(nested, options.Limits)),
            KeepAlive = section.Nested(nameof(options.KeepAlive), options.KeepAlive, nested => Read(nested, options.KeepAlive)),
            SlowConsumer = section.Nested(nameof(options.SlowConsumer), options.SlowConsumer, nested => Read(nested, options.SlowConsumer)),
            CloseTimeout = section.Time(nameof(options.CloseTimeout), options.CloseTimeout),
            CloseReplyDelay = section.Time(nameof(options.CloseReplyDelay), options.CloseReplyDelay),
            SendTimeout = section.Time(nameof(options.SendTimeout), options.SendTimeout),
            DeliverFragments = section.Flag(nameof(options.DeliverFragments), options.DeliverFragments),
            PauseReceivingWhenSendBufferIsFull = section.Flag(
                nameof(options.PauseReceivingWhenSendBufferIsFull), options.PauseReceivingWhenSendBufferIsFull),
            FragmentLength = section.Number(nameof(options.FragmentLength), options.FragmentLength),
            AnswerPings = section.Flag(nameof(options.AnswerPings), options.AnswerPings),
            RunReceiveContinuationsInline = section.Flag(
                nameof(options.RunReceiveContinuationsInline), options.RunReceiveContinuationsInline),
            AllowNonMinimalLengths = section.Flag(nameof(options.AllowNonMinimalLengths), options.AllowNonMinimalLengths),
            TraceConnection = section.Flag(nameof(options.TraceConnection), options.TraceConnection),
        });

    /// <summary>Reads how messages are compressed; the value of the section may be the name of a preset.</summary>
    public static PerMessageDeflateOptions? Read(OptionSection section, PerMessageDeflateOptions? current)
    {
        if (section.Value is { } preset)
        {
            PerMessageDeflateOptions[] found =
            [
                .. from candidate in ((string Name, PerMessageDeflateOptions Options)[])
                    [
                        (nameof(PerMessageDeflateOptions.Default), PerMessageDeflateOptions.Default),
                        (nameof(PerMessageDeflateOptions.Shared), PerMessageDeflateOptions.Shared),
                        (nameof(PerMessageDeflateOptions.Dedicated), PerMessageDeflateOptions.Dedicated),
                        (nameof(PerMessageDeflateOptions.Disabled), PerMessageDeflateOptions.Disabled),
                    ]
                where candidate.Name.Equals(preset, StringComparison.OrdinalIgnoreCase)
                select candidate.Options,
            ];
            if (found is [var options])
            {
                return options;
            }

            section.Fail("", $"is '{preset}': Must be Default, Shared, Dedicated or Disabled, or an object with options.");
            return current;
        }

        return section.Apply(current ?? new PerMessageDeflateOptions(), options => options with
        {
            IsEnabled = section.Flag(nameof(options.IsEnabled), options.IsEnabled),
            ServerContextTakeover = section.Flag(nameof(options.ServerContextTakeover), options.ServerContextTakeover),
            ClientContextTakeover = section.Flag(nameof(options.ClientContextTakeover), options.ClientContextTakeover),
            ServerMaxWindowBits = section.Number(nameof(options.ServerMaxWindowBits), options.ServerMaxWindowBits),
            ClientMaxWindowBits = section.Number(nameof(options.ClientMaxWindowBits), options.ClientMaxWindowBits),
            RequireClientMaxWindowBits = section.Flag(nameof(options.RequireClientMaxWindowBits), options.RequireClientMaxWindowBits),
            Level = section.Number(nameof(options.Level), options.Level),
            MemoryLevel = section.Number(nameof(options.MemoryLevel), options.MemoryLevel),
            Strategy = section.Choice(nameof(options.Strategy), options.Strategy),
            MinimumLength = section.Number(nameof(options.MinimumLength), options.MinimumLength),
            EncoderIdleTimeout = section.Time(nameof(options.EncoderIdleTimeout), options.EncoderIdleTimeout),
        });
    }

    private static LimitOptions Read(OptionSection section, LimitOptions current) =>
        section.Apply(current, options => options with
        {
            MaxMessageLength = section.Number(nameof(options.MaxMessageLength), options.MaxMessageLength),
            MaxInboxLength = section.Number(nameof(options.MaxInboxLength), options.MaxInboxLength),
            MaxBufferedLength = section.Number(nameof(options.MaxBufferedLength), options.MaxBufferedLength),
            MaxIncompleteLength = section.Number(nameof(options.MaxIncompleteLength), options.MaxIncompleteLength),
            ReceiveRate = section.Nested(nameof(options.ReceiveRate), options.ReceiveRate, nested => Read(nested, options.ReceiveRate)),
            MaxMessageDuration = section.Time(nameof(options.MaxMessageDuration), options.MaxMessageDuration),
            MessageTimeout = section.Time(nameof(options.MessageTimeout), options.MessageTimeout),
            MaxSendBufferLength = section.Number(nameof(options.MaxSendBufferLength), options.MaxSendBufferLength),
        });

    private static ReceiveRateOptions Read(OptionSection section, ReceiveRateOptions current) =>
        section.Apply(current, options => options with
        {
            MessagesPerSecond = section.Number(nameof(options.MessagesPerSecond), options.MessagesPerSecond),
            BytesPerSecond = section.Number(nameof(options.BytesPerSecond), options.BytesPerSecond),
            PingsPerSecond = section.Number(nameof(options.PingsPerSecond), options.PingsPerSecond),
            BurstPeriod = section.Time(nameof(options.BurstPeriod), options.BurstPeriod),
        });

    private static KeepAliveOptions Read(OptionSection section, KeepAliveOptions current) =>
        section.Apply(current, options => options with
        {
            PingInterval = section.Time(nameof(options.PingInterval), options.PingInterval),
            PongTimeout = section.Time(nameof(options.PongTimeout), options.PongTimeout),
        });

    private static SlowConsumerOptions Read(OptionSection section, SlowConsumerOptions current) =>
        section.Apply(current, options => options with
        {
            Policy = section.Choice(nameof(options.Policy), options.Policy),
            CloseAfter = section.Time(nameof(options.CloseAfter), options.CloseAfter),
        });
}
