namespace SmartProxy.Storage;

/// <summary>
/// <c>ledger backup</c>: copies the journal up to its head, of a running system or a stopped one, and verifies the copy. Lines only ever follow, so
/// what the head names at one moment is a whole journal of that moment.
/// </summary>
internal static class LedgerBackup
{
    private const int ChunkBytes = 1 << 20;

    /// <summary>Copies, syncs, verifies.</summary>
    /// <param name="dataFolder">The data folder.</param>
    /// <param name="target">The folder to make; it must not hold a ledger.</param>
    /// <exception cref="IOException">It could not be copied; what was copied so far is left where it is.</exception>
    /// <exception cref="InvalidDataException">The head can't be read, or the journal is shorter than it says.</exception>
    public static VerifyReport Run(string dataFolder, string target)
    {
        if (Directory.Exists(JournalFiles.FolderIn(target)) && Directory.EnumerateFileSystemEntries(JournalFiles.FolderIn(target)).Any())
        {
            throw new IOException($"`{JournalFiles.FolderIn(target)}` holds a ledger already: expected a new folder for each backup");
        }

        Directory.CreateDirectory(JournalFiles.FolderIn(target));
        var disk = new PosixDisk();
        var head = ReadHead(dataFolder);
        using (var segments = JournalSegments.Open(dataFolder))
        {
            foreach (var segment in segments.All.TakeWhile(segment => segment.Start < head.Length))
            {
                Copy(segments, segment.Start, Math.Min(head.Length, segments.EndOf(segment)), disk, JournalFiles.JournalIn(target, segment.Number));
            }
        }

        using (var file = disk.Open(JournalFiles.HeadIn(target)))
        {
            head.Write(file);
            file.Sync();
        }

        disk.SyncFolder(JournalFiles.FolderIn(target));
        disk.SyncFolder(target);
        return LedgerVerify.Check(target, _ => { });
    }

    private static JournalHead ReadHead(string dataFolder) =>
        JournalHead.TryReadFile(File.ReadAllBytes(JournalFiles.HeadIn(dataFolder)), out var head)
            ? head
            : throw new InvalidDataException($"`{JournalFiles.HeadIn(dataFolder)}` is damaged: ask `smartproxy ledger repair --explain`");

    private static void Copy(JournalSegments segments, long start, long end, PosixDisk disk, string path)
    {
        using var copy = disk.Open(path);
        var chunk = new byte[ChunkBytes];
        for (var offset = start; offset < end;)
        {
            var size = segments.Read(chunk.AsSpan(0, (int)Math.Min(chunk.Length, end - offset)), offset);
            if (size == 0)
            {
                throw new InvalidDataException($"the journal ends at {segments.PlaceOf(offset)}, and its head names more: ask `smartproxy ledger repair --explain`");
            }

            copy.WriteAll(chunk.AsSpan(0, size), offset - start);
            offset += size;
        }

        copy.Sync();
    }
}
