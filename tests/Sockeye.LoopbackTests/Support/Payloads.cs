using System.Globalization;
using System.Text;

namespace Sockeye.Tests;

/// <summary>Payloads whose bytes depend on their position.</summary>
internal static class Payloads
{
    // A prime, so that no power of two of bytes looks like another.
    private const int Period = 251;

    /// <summary>A run of bytes, each of which follows from its place.</summary>
    public static byte[] Bytes(int length)
    {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++)
        {
            bytes[i] = (byte)((i + (i / Period)) % Period);
        }

        return bytes;
    }

    /// <summary>Compressible text whose characters depend on their position.</summary>
    public static byte[] Text(int length, int number = 0)
    {
        var text = new StringBuilder(length + 100);
        while (text.Length < length)
        {
            text.Append(
                CultureInfo.InvariantCulture, $"{{\"message\":{number},\"place\":{text.Length},\"what\":\"longer\"}},\n");
        }

        return Encoding.ASCII.GetBytes(text.ToString(0, length));
    }

    /// <summary>Reads everything up to the end, or to a reset.</summary>
    public static async Task<byte[]> ReadToEndAsync(this Stream stream)
    {
        var all = new MemoryStream();
        byte[] buffer = new byte[64 * 1024];
        try
        {
            int length;
            while ((length = await stream.ReadAsync(buffer).WithDeadline()) != 0)
            {
                all.Write(buffer, 0, length);
            }
        }
        catch (IOException)
        {
            // A reset is an end too.
        }

        return all.ToArray();
    }
}
