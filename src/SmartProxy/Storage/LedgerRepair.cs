using SmartProxy.Ledger;

namespace SmartProxy.Storage;

/// <summary>What is wrong with a journal, and what can be done.</summary>
/// <param name="Findings">Sentences for people.</param>
/// <param name="CutAt">Where a torn tail begins that may be cut; null when there is none, or when it is not all that is wrong.</param>
/// <param name="IsGood">Whether nothing is wrong that the next start does not settle by itself.</param>
internal sealed record Diagnosis(IReadOnlyList<string> Findings, long? CutAt, bool IsGood);

/// <summary>
/// <c>ledger repair</c>: says what is wrong with the journal of a stopped system, and does the one thing that is safe: it cuts what was torn by an
/// interrupted write and, as the head says, was never acknowledged. Everything else needs a backup, because nobody can say what was lost.
/// </summary>
internal static class LedgerRepair
{
    private const string Backup = "restore the `ledger` folder from the newest backup";

    /// <summary>Looks, and changes nothing.</summary>
    public static Diagnosis Explain(string dataFolder)
    {
        try
        {
            var bytes = File.Exists(JournalFiles.HeadIn(dataFolder)) ? File.ReadAllBytes(JournalFiles.HeadIn(dataFolder)) : [];
            using var segments = JournalSegments.Open(dataFolder);
            return JournalHead.TryReadFile(bytes, out var head)
                ? Examine(segments, head)
                : Hopeless($"`{JournalFiles.HeadName}` is {(bytes.Length == 0 ? "missing" : "damaged")}: expected two copies of {JournalHead.Size} bytes, found {bytes.Length} bytes of which neither is whole",
                    "lost: the knowledge of which lines were acknowledged; without it a missing end would not be noticed", $"nothing is changed: {Backup}");
        }
        catch (Exception e) when (e is InvalidDataException or FileNotFoundException)
        {
            return Hopeless(e.Message, $"nothing is changed: {Backup}");
        }
    }

    /// <summary>Cuts what may be cut, and keeps the segment as it was beside it.</summary>
    /// <returns>Where the segment as it was is kept.</returns>
    public static string Cut(string dataFolder, long at)
    {
        var disk = new PosixDisk();
        using var segments = JournalSegments.Open(dataFolder);
        var (last, folder) = (segments.Last, JournalFiles.FolderIn(dataFolder));
        var kept = Path.Combine(folder, "before-repair-" + Path.GetFileName(last.Path));
        File.Copy(last.Path, kept, overwrite: false);
        using (var copy = disk.Open(kept))
        {
            copy.Sync();
        }

        disk.SyncFolder(folder);
        using var file = disk.Open(last.Path);
        file.Truncate(at - last.Start);
        file.Sync();
        return kept;
    }

    private static Diagnosis Examine(JournalSegments segments, JournalHead head)
    {
        var (chain, length, end) = (new JournalChain(), segments.Length, 0L);
        var pipe = new JournalPipe(segments, 0, length);
        var named = head.Sequence == 0 && head.Length == 0;
        foreach (var read in pipe.Lines())
        {
            if (chain.Check(read) is { } problem)
            {
                return Bad(segments, head, chain, read, problem, named);
            }

            end = read.Next;
            named |= new JournalHead(chain.Sequence, chain.Head, end) == head;
        }

        return length < head.Length
                ? Hopeless($"the journal ends after line {chain.Sequence} at byte {length}: expected line {head.Sequence} at byte {head.Length}, as `{JournalFiles.HeadName}` says",
                    $"lost: lines {chain.Sequence + 1} to {head.Sequence}, which were acknowledged", $"nothing is changed: {Backup}")
            : !named ? Hopeless($"no line is the one that `{JournalFiles.HeadName}` names: line {head.Sequence} with hash {head.Hash.ToHex()} and its end at byte {head.Length}",
                    "lost: nobody can say; head and journal are of different times or hands", $"nothing is changed: {Backup}, both files from the same one")
            : new Diagnosis([$"nothing is wrong: {chain.Sequence} lines, of which {head.Sequence} were acknowledged{(chain.Sequence > head.Sequence ? "; the others are kept, and written once more, by the next start" : "")}"], null, IsGood: true);
    }

    private static Diagnosis Bad(JournalSegments segments, JournalHead head, JournalChain chain, ParsedLine read, string problem, bool isHeadFound)
    {
        var where = $"line {chain.Sequence + 1} at {segments.PlaceOf(read.Offset)}: {problem}";
        var expected = $"expected: `seq` {chain.Sequence + 1}, `prev` {chain.Head.ToHex()}, and a line feed at its end";
        if (read.Offset < head.Length)
        {
            return Hopeless(where, expected, $"lost: lines {chain.Sequence + 1} to {head.Sequence} were acknowledged and can't be relied on", $"nothing is changed: {Backup}");
        }

        if (JournalReader.IsNewer(problem) || read.Offset < segments.Last.Start || !isHeadFound)
        {
            return Hopeless(where, expected, "this is not what an interrupted write leaves behind", $"nothing is changed: use the version that wrote it, or {Backup}");
        }

        return new Diagnosis(
            [where, expected, $"lost: {segments.Length - read.Offset} bytes of an interrupted write; `{JournalFiles.HeadName}` says that nothing after line {head.Sequence} was acknowledged", $"repair: cut the journal at {segments.PlaceOf(read.Offset)}, and keep the segment as it was beside it"],
            read.Offset,
            IsGood: false);
    }

    private static Diagnosis Hopeless(params string[] findings) => new(findings, null, IsGood: false);
}
