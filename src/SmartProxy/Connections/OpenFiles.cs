using System.Globalization;

namespace SmartProxy.Connections;

/// <summary>
/// How many connections the operating system lets the process hold: each takes a descriptor, and opening more than there are fails for everybody, the
/// journal among them. What is left when the process starts is divided; nobody takes of another's part.
/// </summary>
internal static class OpenFiles
{
    /// <summary>The part for agents' connections, in eighths.</summary>
    public const int OfAgents = 3;

    /// <summary>The part for connections to origins.</summary>
    public const int ToOrigins = 4;

    /// <summary>The part for host names that are being resolved.</summary>
    public const int ForNames = 1;

    private const int KeptFree = 48;
    private const int Least = 8;

    /// <summary>A number of connections, no larger than their part of the descriptors allows.</summary>
    public static int Bound(int wanted, int eighths) => Limit() is { } limit ? Math.Min(wanted, Math.Max(Least, (limit - Used() - KeptFree) / 8 * eighths)) : wanted;

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
