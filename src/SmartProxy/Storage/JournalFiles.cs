using System.Globalization;

namespace SmartProxy.Storage;

/// <summary>Where the journal lies in a data folder: in segments, numbered from 1 without gaps, of which only the last one grows.</summary>
internal static class JournalFiles
{
    public const string Folder = "ledger";
    public const string HeadName = "head.jsonl";

    private const string Prefix = "journal-";
    private const string Suffix = ".jsonl";

    // A segment in the making has no name that a reader takes for a segment.
    private const string Unfinished = ".new";

    public static string FolderIn(string dataFolder) => Path.Combine(dataFolder, Folder);

    public static string HeadIn(string dataFolder) => Path.Combine(dataFolder, Folder, HeadName);

    /// <summary>One segment, by its number.</summary>
    public static string JournalIn(string dataFolder, int segment = 1) => Path.Combine(dataFolder, Folder, SegmentName(segment));

    /// <summary>The same segment before it is whole.</summary>
    public static string UnfinishedIn(string dataFolder, int segment) => JournalIn(dataFolder, segment) + Unfinished;

    public static string SegmentName(int number) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{number:D6}{Suffix}");

    /// <summary>The paths of all segments, in order; none when there is no journal.</summary>
    /// <exception cref="InvalidDataException">A segment is missing, or a file in the folder is one that only a newer version knows.</exception>
    /// <param name="dataFolder">The data folder.</param>
    /// <param name="disk">Where it lies; the local disk by default.</param>
    public static IReadOnlyList<string> Segments(string dataFolder, IDisk? disk = null)
    {
        var folder = FolderIn(dataFolder);
        var names = (disk ?? new PosixDisk()).NamesIn(folder)
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal) && !name.EndsWith(Unfinished, StringComparison.Ordinal))
            .ToHashSet(StringComparer.Ordinal);
        var segments = new List<string>();
        while (names.Remove(SegmentName(segments.Count + 1)))
        {
            segments.Add(JournalIn(dataFolder, segments.Count + 1));
        }

        return names.Order(StringComparer.Ordinal).FirstOrDefault() is not { } stranger ? segments
            : throw new InvalidDataException(IsSegment(stranger)
                ? $"`{SegmentName(segments.Count + 1)}` is missing although `{stranger}` is there: restore it from a backup"
                : $"`{Path.Combine(folder, stranger)}` was written by a newer version, which must be used to open it");
    }

    private static bool IsSegment(string name) =>
        name.Length == SegmentName(1).Length && name.EndsWith(Suffix, StringComparison.Ordinal) && name.AsSpan(Prefix.Length, 6).IndexOfAnyExceptInRange('0', '9') < 0;
}
