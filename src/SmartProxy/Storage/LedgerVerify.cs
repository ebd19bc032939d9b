using System.Text.Json;
using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Storage;

/// <summary>
/// <c>ledger verify</c>: reads the journal of a stopped system from its first byte to its last and believes nothing. Needs no secret and
/// writes nothing.
/// </summary>
internal static class LedgerVerify
{
    /// <summary>Everything is as it should be.</summary>
    public const int Good = 0;

    /// <summary>The journal was damaged or changed.</summary>
    public const int Bad = 1;

    /// <summary>It could not be read: no journal, or a running process.</summary>
    public const int Unreadable = 2;

    /// <summary>
    /// Checks numbers and hashes of all lines, the moves of all payments, that each nonce commits to its decision and to the journal before it,
    /// and that the journal ends where its head file says.
    /// </summary>
    /// <param name="dataFolder">The data folder.</param>
    /// <param name="output">Receives a few lines of text, or one JSON object.</param>
    /// <param name="json">Which of the two.</param>
    /// <returns>The exit code.</returns>
    public static int Run(string dataFolder, TextWriter output, bool json)
    {
        try
        {
            using var folder = FolderLock.Exists(dataFolder) ? FolderLock.Acquire(dataFolder) : null;
            var report = Check(dataFolder, line => { });
            output.WriteLine(json ? report.ToJson() : report.ToText());
            return report.Problem is null ? Good : Bad;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or LockedFolderException or InvalidDataException)
        {
            output.WriteLine(json ? new VerifyReport(0, default, [], e.Message).ToJson() : e.Message);
            return Unreadable;
        }
    }

    /// <summary>Checks the journal and shows each good line to <paramref name="seen"/>; stops at the first problem.</summary>
    public static VerifyReport Check(string dataFolder, Action<JournalLine> seen)
    {
        using var segments = JournalSegments.Open(dataFolder);
        var (chain, ledger, commitments) = (new JournalChain(), new BudgetLedger(), new CommitmentCheck());
        var pipe = segments.Pipe(withCommitments: true);
        foreach (var read in pipe.Lines())
        {
            if ((chain.Check(read) ?? Apply(ledger, read.Line!) ?? Commit(commitments, read)) is { } problem)
            {
                return Report($"{segments.PlaceOf(read.Offset)}, after line {ledger.Sequence}: {problem}");
            }

            seen(read.Line!);
        }

        return Report(CompareHead(dataFolder, new JournalHead(chain.Sequence, chain.Head, pipe.Position)));

        VerifyReport Report(string? problem) => new(chain.Sequence, chain.Head, Sums(ledger), problem);
    }

    private static string? Apply(BudgetLedger ledger, JournalLine line)
    {
        try
        {
            ledger.Apply(line);
            return null;
        }
        catch (LedgerInvariantException e)
        {
            return e.Message;
        }
    }

    private static string? Commit(CommitmentCheck commitments, ParsedLine read) =>
        commitments.Take(read.Line!, read.Commitment) is { } problem ? $"payment {((JournalEntry.Reserved)read.Line!.Entry).Id}: {problem}" : null;

    private static string? CompareHead(string dataFolder, JournalHead actual)
    {
        var path = JournalFiles.HeadIn(dataFolder);
        var bytes = File.Exists(path) ? File.ReadAllBytes(path) : [];
        return bytes.AsSpan().SequenceEqual(actual.ToFile()) ? null
            : !JournalHead.TryReadFile(bytes, out var head) ? $"`{JournalFiles.HeadName}` is missing or damaged"
            : $"`{JournalFiles.HeadName}` says line {head.Sequence} at {head.Length} bytes, the journal ends with line {actual.Sequence} at {actual.Length} bytes"
              + " or with another hash; after a crash, start once, so that the end is settled";
    }

    private static IReadOnlyList<VerifySum> Sums(BudgetLedger ledger) =>
        [.. Enum.GetValues<PaymentState>().Select(state =>
        {
            var payments = ledger.Payments.Where(payment => payment.State == state).ToArray();
            return new VerifySum(state, payments.Length, payments.Aggregate(Usd.Zero, (sum, payment) => sum.Plus(payment.Facts.Value)));
        })];
}

/// <summary>How many payments are in a state, and what they are worth.</summary>
internal sealed record VerifySum(PaymentState State, int Payments, Usd Value);

/// <param name="Lines">How many lines are good.</param>
/// <param name="Head">Hash of the last of them: compare it with one kept elsewhere.</param>
/// <param name="Sums">Payments by state.</param>
/// <param name="Problem">The first thing that is wrong, or null.</param>
internal sealed record VerifyReport(long Lines, Bytes32 Head, IReadOnlyList<VerifySum> Sums, string? Problem)
{
    public string ToText() => string.Join('\n',
    [
        Problem is null ? $"the journal is good: {Lines} lines" : $"the journal is NOT good: {Problem}",
        $"head {Head.ToHex()}",
        .. Sums.Where(sum => sum.Payments > 0).Select(sum => $"{sum.State}: {sum.Payments} payments, {sum.Value} USD"),
    ]);

    public string ToJson()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteBoolean("good"u8, Problem is null);
            json.WriteNumber("lines"u8, Lines);
            json.WriteString("head"u8, Head.ToHex());
            json.WriteStartObject("payments"u8);
            foreach (var sum in Sums)
            {
                json.WriteStartObject(JsonNamingPolicy.SnakeCaseLower.ConvertName(sum.State.ToString()));
                json.WriteNumber("count"u8, sum.Payments);
                json.WriteString("value"u8, sum.Value.ToString());
                json.WriteEndObject();
            }

            json.WriteEndObject();
            if (Problem is not null)
            {
                json.WriteString("problem"u8, Problem);
            }

            json.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(buffer.ToArray());
    }
}
