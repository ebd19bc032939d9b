using System.Globalization;

namespace SmartProxy.Connections;

/// <summary>
/// How many connections the operating system lets the process hold: each takes a descriptor, and opening more than there are fails for everybody, the
/// journal among them. What is left when the process starts is divided; nobody takes of another's part. The runtime itself holds each library open,
/// some hundred files or twice that, and ends the process when one can't be opened: with too few files nothing is started at all.
/// </summary>
internal static class OpenFiles
{
    /// <summary>The part for agents' connections, in eighths.</summary>
    public const int OfAgents = 3;

    /// <summary>The part for connections to origins.</summary>
    public const int ToOrigins = 4;

    /// <summary>The part for host names that are being resolved.</summary>
    public const int ForNames = 1;

    // Libraries that are loaded later, newcomers who are about to be turned away, files of the journal.
    private const int KeptFree = 64;
    private const int Least = 48;

    /// <summary>A number of connections, no larger than their part of the descriptors allows.</summary>
    /// <exception cref="InvalidDataException">Too few are left to serve anybody.</exception>
    public static int Bound(int wanted, int eighths)
    {
        if (Limit() is not { } limit)
        {
            return wanted;
        }

        var used = Used();
        var left = limit - used - KeptFree;
        return left >= Least
            ? Math.Min(wanted, left / 8 * eighths)
            : throw new InvalidDataException($"expected that {used + KeptFree + Least} files or more may be open at once, found {limit} (`ulimit -n`): raise that limit, or see docs/limits.md for a program that needs fewer");
    }

    // `Max open files  1024  524288  files`: soft and hard; the runtime raises the first to the second.
    private static int? Limit()
    {
        try
        {
            var line = File.ReadLines("/proc/self/limits").FirstOrDefault(static line => line.StartsWith("Max open files", StringComparison.Ordinal));
            return line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, _, _, var soft, ..]
                && int.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? limit : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static int Used() => Directory.EnumerateFileSystemEntries("/proc/self/fd").Count();
}
