namespace SmartProxy.Storage;

/// <summary><c>ledger export</c>: the journal's good lines as they are, one JSON object each, of a stopped system.</summary>
internal static class LedgerExport
{
    /// <summary>Copies line by line, checking the chain; stops at the first bad line and says so on <paramref name="problems"/>.</summary>
    /// <returns>The exit code of <see cref="LedgerVerify"/>.</returns>
    public static int Run(string dataFolder, Stream output, TextWriter problems)
    {
        try
        {
            using var folder = FolderLock.Exists(dataFolder) ? FolderLock.Acquire(dataFolder) : null;
            using var segments = JournalSegments.Open(dataFolder);
            var scanner = segments.Scan();
            var chain = new JournalChain();
            while (scanner.TryRead(out var line))
            {
                if (chain.Check(line, scanner.IsTerminated, out _) is { } problem)
                {
                    problems.WriteLine($"{segments.PlaceOf(scanner.Offset)}, after line {chain.Sequence}: {problem}");
                    return LedgerVerify.Bad;
                }

                output.Write(line);
                output.WriteByte((byte)'\n');
            }

            return LedgerVerify.Good;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or LockedFolderException or InvalidDataException)
        {
            problems.WriteLine(e.Message);
            return LedgerVerify.Unreadable;
        }
    }
}
