using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using Sockeye.Transports.Loops;
using SocketAddress = Sockeye.Transports.Loops.SocketAddress;

namespace Sockeye.Tests;

/// <summary>Information of Linux about the descriptors of this process.</summary>
internal static unsafe partial class Descriptors
{
    private const int GetDescriptorFlags = 1;
    private const int GetStatusFlags = 3;
    private const int SetStatusFlags = 4;
    private const int CloseOnExec = 1;
    private const int NonBlocking = 0x800;
    private const int LevelSocket = 1;
    private const int OptionType = 3;
    private const int OptionReceiveTimeout = 20;
    private const int OptionSendTimeout = 21;
    private const int LevelTcp = 6;
    private const int OptionNoDelay = 1;
    private const int OptionInfo = 11;
    private const int LimitDescriptors = 7;

    /// <summary>
    /// How many there are of sockets and what loops have, and not of files, which the runtime opens when it likes; 0
    /// where nobody tells.
    /// </summary>
    public static int Count() => OperatingSystem.IsLinux() ? Directory.GetFiles("/proc/self/fd").Count(IsOurs) : 0;

    public static bool IsSocket(int descriptor)
    {
        int type = 0;
        uint length = sizeof(int);
        return LibC.GetOption(descriptor, LevelSocket, OptionType, &type, &length) == 0;
    }

    public static bool IsNonBlocking(int descriptor) => (Control(descriptor, GetStatusFlags, 0) & NonBlocking) != 0;

    public static bool IsClosedOnExec(int descriptor) =>
        (Control(descriptor, GetDescriptorFlags, 0) & CloseOnExec) != 0;

    public static bool HasNoDelay(int descriptor)
    {
        int value = 0;
        uint length = sizeof(int);
        return LibC.GetOption(descriptor, LevelTcp, OptionNoDelay, &value, &length) == 0 && value != 0;
    }

    /// <summary>How many connections may wait at a socket that listens: of one, tcpi_sacked of tcp_info counts no segments.</summary>
    public static uint BacklogOf(int descriptor)
    {
        const int Sacked = 7;
        uint* info = stackalloc uint[Sacked + 1];
        uint length = (Sacked + 1) * sizeof(uint);
        Assert.Equal(0, LibC.GetOption(descriptor, LevelTcp, OptionInfo, info, &length));
        return info[Sacked];
    }

    /// <summary>The socket of this process with these two addresses of IPv4; with one alone, the socket that listens there.</summary>
    public static int Of(IPEndPoint local, IPEndPoint? remote = null)
    {
        // By asking each socket, and not by /proc/net/tcp, which repeats and leaves out rows while other sockets come and go.
        return Assert.Single(
            Directory.GetFiles("/proc/self/fd").Select(path => int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture)),
            descriptor => local.Equals(SocketAddress.OfSocket(descriptor).ToEndPoint())
                && Equals(remote, SocketAddress.OfPeer(descriptor).ToEndPoint()));
    }

    /// <summary>Lets the calls on a socket block, for a minute at most.</summary>
    public static void Block(int descriptor)
    {
        Assert.Equal(0, Control(descriptor, SetStatusFlags, Control(descriptor, GetStatusFlags, 0) & ~NonBlocking));
        long* minute = stackalloc long[] { 60, 0 };
        Assert.Equal(0, LibC.SetOption(descriptor, LevelSocket, OptionReceiveTimeout, minute, 2 * sizeof(long)));
        Assert.Equal(0, LibC.SetOption(descriptor, LevelSocket, OptionSendTimeout, minute, 2 * sizeof(long)));
    }

    /// <summary>A descriptor that can be read from if it counts more than zero, and never tells that it cannot.</summary>
    public static int Counter(uint initialValue)
    {
        int descriptor = LibC.EventFd(initialValue, NonBlocking);
        Assert.True(descriptor >= 0, "No descriptor is left.");
        return descriptor;
    }

    /// <summary>Closes a descriptor, and gives its number to the file of another in the same moment.</summary>
    public static void Replace(int descriptor, int by)
    {
        Assert.Equal(descriptor, Duplicate(by, descriptor));
        Assert.Equal(0, LibC.Close(by));
    }

    /// <summary>Limits the process to a few more descriptors, until the result is disposed.</summary>
    public static IDisposable LeaveFree(int count)
    {
        ulong* limits = stackalloc ulong[2];
        Assert.Equal(0, Limit(0, LimitDescriptors, null, limits));
        (ulong soft, ulong hard) = (limits[0], limits[1]);

        // The limit is one of numbers, not of how many there are: the numbers below it are taken, but for some.
        int highest = Directory.GetFiles("/proc/self/fd").Max(path => int.Parse(Path.GetFileName(path), null));
        var taken = new List<int>();
        limits[0] = (ulong)highest + (ulong)count + 1;
        Assert.Equal(0, Limit(0, LimitDescriptors, limits, null));
        int descriptor;
        while ((descriptor = LibC.EventFd(0, 0)) >= 0)
        {
            taken.Add(descriptor);
        }

        foreach (int one in taken.TakeLast(count))
        {
            Assert.Equal(0, LibC.Close(one));
        }

        return new Shortage(soft, hard, [.. taken.SkipLast(count)]);
    }

    private static bool IsOurs(string descriptor) =>
        TargetOf(descriptor) is { } target
        && (target.StartsWith("socket:", StringComparison.Ordinal) || target.StartsWith("anon_inode:", StringComparison.Ordinal));

    private static string? TargetOf(string descriptor)
    {
        try
        {
            return new FileInfo(descriptor).LinkTarget;
        }
        catch (IOException)
        {
            // Closed meanwhile.
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(int descriptor, int command, int argument);

    [LibraryImport("libc", EntryPoint = "prlimit")]
    private static partial int Limit(int process, int resource, ulong* newLimits, ulong* oldLimits);

    [LibraryImport("libc", EntryPoint = "dup2")]
    private static partial int Duplicate(int descriptor, int number);

    private sealed class Shortage(ulong soft, ulong hard, int[] taken) : IDisposable
    {
        public void Dispose()
        {
            ulong* limits = stackalloc ulong[] { soft, hard };
            Assert.Equal(0, Limit(0, LimitDescriptors, limits, null));
            Assert.All(taken, descriptor => Assert.Equal(0, LibC.Close(descriptor)));
        }
    }
}
