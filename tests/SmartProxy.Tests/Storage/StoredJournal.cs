using SmartProxy.Storage;

namespace SmartProxy.Tests.Storage;

/// <summary>A journal as bytes, whatever segments they lie in.</summary>
internal static class StoredJournal
{
    public static byte[] Read(string folder) => [.. JournalFiles.Segments(folder).SelectMany(File.ReadAllBytes)];

    public static byte[] ReadHead(string folder) => File.ReadAllBytes(JournalFiles.HeadIn(folder));

    /// <summary>Puts a journal in the place of the one that was there: one segment for each part.</summary>
    public static void Write(string folder, ReadOnlySpan<byte> head, params IReadOnlyList<byte[]> segments)
    {
        if (Directory.Exists(JournalFiles.FolderIn(folder)))
        {
            Directory.Delete(JournalFiles.FolderIn(folder), recursive: true);
        }

        Directory.CreateDirectory(JournalFiles.FolderIn(folder));
        File.WriteAllBytes(JournalFiles.HeadIn(folder), head);
        for (var i = 0; i < segments.Count; i++)
        {
            File.WriteAllBytes(JournalFiles.JournalIn(folder, i + 1), segments[i]);
        }
    }
}
