namespace Sockeye.Protocol;

/// <summary>Where name and value of a header line lie in the bytes of its head.</summary>
internal readonly record struct HeaderLine(int NameStart, int NameLength, int ValueStart, int ValueLength);
