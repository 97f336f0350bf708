using System.Globalization;
using System.Text;

namespace Sockeye.Tests;

/// <summary>
/// The data of compressed messages. The suite uses files of third parties; these are generated, and each resembles its model in
/// kind, length and compression ratio: JSON, a picture, German text, HTML, and a document that is already compressed.
/// </summary>
internal static class DeflateData
{
    private static readonly string[] Words =
    [
        "und", "der", "die", "nicht", "ich", "das", "ein", "sie", "ist", "so", "mir", "was", "Geist", "Welt", "Herz",
        "ihr", "euch", "doch", "nur", "wie", "Teufel", "Wort", "Zeit", "Licht", "Nacht", "Leben", "sehen", "schweben",
    ];

    private static readonly Lazy<byte[]> LazyJson = new(() => Build(194_056, (text, random, number) => text.Append(
        CultureInfo.InvariantCulture,
        $"{{\"id\":{number},\"name\":\"{Word(random)} {Word(random)}\",\"score\":{random.Next(100_000)},\"tags\":[\"{Word(random)}\"]}},\n")));

    private static readonly Lazy<byte[]> LazyPicture = new(() =>
    {
        var random = new Random(512);
        byte[] pixels = new byte[263_222];
        for (int i = 1; i < pixels.Length; i++)
        {
            pixels[i] = (byte)(pixels[i - 1] + random.Next(-4, 5));
        }

        return pixels;
    });

    private static readonly Lazy<byte[]> LazyText = new(() => Build(222_218, (text, random, number) =>
        text.Append(Word(random)).Append(random.Next(8) == 0 ? ",\r\n" : " ")));

    private static readonly Lazy<byte[]> LazyHtml = new(() => Build(263_527, (text, random, number) => text.Append(
        CultureInfo.InvariantCulture,
        $"<tr class=\"row{number % 2}\"><td><a href=\"/{Word(random)}/{random.Next(1_000)}\">{Word(random)}</a></td></tr>\n")));

    private static readonly Lazy<byte[]> LazyDocument = new(() =>
    {
        byte[] document = new byte[1_042_328];
        new Random(10).NextBytes(document);
        byte[] text = Text;
        for (int start = 0; start < document.Length; start += 8_192)
        {
            text.AsSpan(start % text.Length / 2, Math.Min(700, document.Length - start)).CopyTo(document.AsSpan(start));
        }

        return document;
    });

    public static byte[] Json => LazyJson.Value;

    public static byte[] Picture => LazyPicture.Value;

    public static byte[] Text => LazyText.Value;

    public static byte[] Html => LazyHtml.Value;

    public static byte[] Document => LazyDocument.Value;

    private static string Word(Random random) => Words[random.Next(Words.Length)];

    private static byte[] Build(int length, Action<StringBuilder, Random, int> append)
    {
        var random = new Random(length);
        var text = new StringBuilder();
        for (int number = 0; text.Length < length; number++)
        {
            append(text, random, number);
        }

        return Encoding.ASCII.GetBytes(text.ToString(0, length));
    }
}
