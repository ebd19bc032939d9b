using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;
using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Storage;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Storage;

/// <summary>
/// Journals of every release are kept in <c>tests/vectors/journals</c> and must be read for ever. What is newer than this version is refused by name,
/// and never skipped.
/// </summary>
public sealed partial class JournalVectorTests : IDisposable
{
    private static readonly string Vectors = Repository.PathOf("tests", "vectors", "journals");
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Releases => [.. Directory.GetDirectories(Vectors).Select(path => Path.GetFileName(path)!)];

    [Theory, MemberData(nameof(Releases))]
    public async Task The_journal_of_every_release_is_verified_and_opened(string release)
    {
        Copy(release);
        Assert.Null(LedgerVerify.Check(_folder.Path, _ => { }).Problem);
        var before = StoredJournal.Read(_folder.Path);
        await using var ledger = await OpenLedger.OpenAsync(_folder.Path, now: new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero));
        Assert.Equal(before, StoredJournal.Read(_folder.Path)[..before.Length]);
    }

    [Fact]
    public void The_journal_of_this_version_holds_every_type_and_is_written_as_it_was()
    {
        Copy("v1");
        var documented = DocumentedType().Matches(File.ReadAllText(Repository.PathOf("docs", "journal.md"))).Select(match => match.Groups[1].Value);
        var text = Encoding.UTF8.GetString(StoredJournal.Read(_folder.Path));
        Assert.Equal(documented.Order(), WrittenType().Matches(text).Select(match => match.Groups[1].Value).Distinct().Order());
        Assert.Equal(text, Encoding.UTF8.GetString(Compose()));
        Assert.True(JournalFiles.Segments(_folder.Path).Count > 1);
    }

    [Theory]
    [InlineData("\"v\":1", "\"v\":2", "line version 2: written by a newer version")]
    [InlineData("\"type\":\"sent\"", "\"type\":\"teleported\"", "line type `teleported`: written by a newer version")]
    public async Task What_is_newer_is_refused_by_name(string from, string to, string expected)
    {
        Copy("v1");
        var last = JournalFiles.Segments(_folder.Path)[^1];
        var line = Encoding.UTF8.GetString(StoredJournal.Read(_folder.Path)).Split('\n').First(text => text.Contains(from, StringComparison.Ordinal));
        await File.AppendAllTextAsync(last, line.Replace(from, to, StringComparison.Ordinal) + "\n", TestContext.Current.CancellationToken);

        Assert.Contains(expected, LedgerVerify.Check(_folder.Path, _ => { }).Problem, StringComparison.Ordinal);
        var refused = await Assert.ThrowsAsync<LedgerUnavailableException>(() => OpenLedger.OpenAsync(_folder.Path));
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
        Assert.Null(LedgerRepair.Explain(_folder.Path).CutAt);
    }

    private void Copy(string release)
    {
        Directory.CreateDirectory(JournalFiles.FolderIn(_folder.Path));
        foreach (var file in Directory.GetFiles(Path.Combine(Vectors, release)))
        {
            File.Copy(file, Path.Combine(JournalFiles.FolderIn(_folder.Path), Path.GetFileName(file)));
        }
    }

    /// <summary>A history with a line of every type.</summary>
    private static byte[] Compose()
    {
        var (output, ledger, writer) = (new ArrayBufferWriter<byte>(), new BudgetLedger(), new JournalWriter(0, default));
        var now = new DateTimeOffset(2026, 11, 1, 12, 0, 0, TimeSpan.Zero);
        Add(new JournalEntry.Opened(Bytes32.Sha256("the journal of a release"u8)));
        Record(Purchases.PolicyActivated);
        var payments = Enumerable.Range(1, 6).Select(Pay).ToArray();
        Record(new LedgerEvent.Aborted(payments[0], "signer_refused"));
        foreach (var payment in payments[1..])
        {
            Record(new LedgerEvent.Sent(payment));
        }

        Record(Purchases.Settled(payments[1]));
        Record(new LedgerEvent.Settled(payments[2], new SettlementClaim(true, "0xabc", "eip155:84532", "0x22", new TokenAmount(10_000), null), 200, true, Bytes32.Sha256("response"u8)));
        foreach (var payment in payments[3..])
        {
            Record(new LedgerEvent.InDoubt(payment, "no_answer", null, false));
        }

        now = now.AddHours(3);
        var proof = new ChainProof(1234, Bytes32.Sha256("block"u8), now, Bytes32.Sha256("transaction"u8));
        Record(new LedgerEvent.Proven(payments[2], proof));
        Record(new LedgerEvent.Expired(payments[3], proof with { Transaction = null }, LedgerEvent.Expired.Unused));
        Record(new LedgerEvent.Voided(payments[4], "cli", "the seller is gone"));
        var terms = Purchases.Request(1, now).Terms;
        Record(new LedgerEvent.Drifted(new ChainDrift(terms.Chain, terms.Asset, terms.From, Bytes32.Sha256("nonce"u8), terms.To, new TokenAmount(5), 7, proof)));
        Record(new LedgerEvent.RollbackAccepted(99, Bytes32.Sha256("line 99"u8), "cli", "restored"));
        Record(Purchases.Refused(50, now));
        Record(new LedgerEvent.Frozen(new AgentId("me"), "cli", "look at this"));
        Record(new LedgerEvent.Unfrozen(new AgentId("me"), "cli", "looked"));
        var question = new ApprovalQuestion(Bytes32.Sha256("binding"u8), new AgentId("me"), ApprovalCauses.AmountAbove | ApprovalCauses.NewHost, "policies.research.approval", TimeSpan.FromSeconds(30), TimeSpan.FromHours(1));
        Record(new LedgerEvent.ApprovalRequested(Id(60), question, Purchases.Context, new RefusalFigures(Price: new Usd(5), ResetsAt: now), now.AddHours(1)));
        Record(new LedgerEvent.ApprovalAnswered(Id(60), true, "admin:ann", "fine", now.AddHours(1)));
        Record(new LedgerEvent.Granted(Id(61), BudgetOwner.Agent(new AgentId("me")), "exa", new Usd(2_000_000), now.AddHours(2), "admin:ann", "conference"));
        Record(new LedgerEvent.GrantRevoked(Id(61), "admin:ann", "over"));
        return output.WrittenSpan.ToArray();

        PaymentId Id(int number) => Purchases.Request(number, now).Id;

        PaymentId Pay(int number)
        {
            var request = Purchases.Request(number, now, lines: Purchases.Total("me", 1_000_000));
            Add(ledger.Decide(request, now, writer.Head).Entry!);
            return request.Id;
        }

        void Record(LedgerEvent happened) => Add(new JournalEntry.Recorded(happened));

        void Add(JournalEntry entry) => ledger.Apply(writer.Append(entry, ledger.Tick(now), output));
    }

    [GeneratedRegex(@"^\| \*\*`([a-z_]+)`\*\* \|", RegexOptions.Multiline)]
    private static partial Regex DocumentedType();

    [GeneratedRegex("\"at\":\"[^\"]+\",\"type\":\"([a-z_]+)\"")]
    private static partial Regex WrittenType();
}
