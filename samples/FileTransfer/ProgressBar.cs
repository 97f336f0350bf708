/// <summary>Shows how far a transfer has come: in one line that changes, or only at the end if the output is not a console.</summary>
internal sealed class ProgressBar(string name, long length)
{
    private const int Width = 20;

    private long _done;
    private int _shown = -1;

    /// <summary>Adds bytes that have been transferred.</summary>
    public void Add(int count)
    {
        _done += count;
        int percent = (int)(100 * _done / length);
        if (percent == _shown || (Console.IsOutputRedirected && percent < 100))
        {
            return;
        }

        _shown = percent;
        int filled = percent * Width / 100;
        string bar = new string('#', filled) + new string('.', Width - filled);
        Console.Write($"{(Console.IsOutputRedirected ? "" : "\r")}{name} [{bar}] {percent,3} %, {_done >> 20} MiB");
        if (percent == 100)
        {
            Console.WriteLine();
        }
    }
}
