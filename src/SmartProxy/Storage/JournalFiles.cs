namespace SmartProxy.Storage;

/// <summary>Where the journal lies in a data folder.</summary>
internal static class JournalFiles
{
    public const string Folder = "ledger";
    public const string FirstSegment = "journal-000001.jsonl";
    public const string SegmentPattern = "journal-*.jsonl";
    public const string HeadName = "head.jsonl";

    public static string FolderIn(string dataFolder) => Path.Combine(dataFolder, Folder);

    public static string JournalIn(string dataFolder) => Path.Combine(dataFolder, Folder, FirstSegment);

    public static string HeadIn(string dataFolder) => Path.Combine(dataFolder, Folder, HeadName);

    /// <summary>A segment that this version does not write, or null: then a newer version must read the journal.</summary>
    public static string? UnknownSegment(string dataFolder) =>
        Directory.Exists(FolderIn(dataFolder))
            ? Directory.EnumerateFiles(FolderIn(dataFolder), SegmentPattern).FirstOrDefault(file => Path.GetFileName(file) != FirstSegment)
            : null;
}
