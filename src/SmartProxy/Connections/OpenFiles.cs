using System.Globalization;

namespace SmartProxy.Connections;

/// <summary>
/// How many connections the operating system lets the process hold. Each takes a descriptor, and so do the connection to the origin behind it and
/// one that is kept for the next request; accepting beyond that would fail for everybody.
/// </summary>
internal static class OpenFiles
{
    private const int EachTakes = 3;
    private const int KeptFree = 48;
    private const int Least = 8;

    /// <summary>A number of connections or requests, no larger than the descriptors that are left now allow.</summary>
    public static int Bound(int wanted) => Limit() is { } limit ? Math.Min(wanted, Math.Max(Least, (limit - Used() - KeptFree) / EachTakes)) : wanted;

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
