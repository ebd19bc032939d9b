using LiteDB;
using SmartProxy.Installation;
using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Storage;

/// <summary>The index file. Not thread-safe; every method is one short transaction.</summary>
internal sealed class ReadModelFile : IDisposable
{
    private const string Claimed = "claimed";
    private const string Proven = "proven";

    private readonly LiteDatabase _database;
    private readonly ILiteCollection<BsonDocument> _payments;
    private readonly ILiteCollection<BsonDocument> _receipts;
    private readonly ILiteCollection<BsonDocument> _state;

    private ReadModelFile(string path)
    {
        // Ordinal: by default two keys that differ in case only would be one.
        _database = new LiteDatabase(new ConnectionString { Filename = path, Connection = ConnectionType.Direct, Collation = new Collation("/Ordinal") });
        _payments = _database.GetCollection("payments");
        _receipts = _database.GetCollection("receipts");
        _state = _database.GetCollection("state");
        _payments.EnsureIndex("seq");
        _payments.EnsureIndex("byAgent");
        _payments.EnsureIndex("byMerchant");
        _payments.EnsureIndex("byOutcome");
        var state = _state.FindById("journal");
        AppliedSequence = state?["seq"].AsInt64 ?? 0;
        AppliedHash = state is null ? default : new Bytes32(state["hash"].AsBinary);
    }

    /// <summary>Number of the last line that is in here.</summary>
    public long AppliedSequence { get; private set; }

    private Bytes32 AppliedHash { get; set; }

    /// <summary>Opens the file, or makes it anew and says why.</summary>
    public static (ReadModelFile File, string? Rebuilt) OpenOrCreate(string path, LedgerHost ledger)
    {
        string? reason;
        try
        {
            var file = new ReadModelFile(path);
            if (file.Follows(ledger))
            {
                return (file, file.AppliedSequence == 0 ? "there was none" : null);
            }

            file.Dispose();
            reason = "it belonged to another journal";
        }
        catch (Exception e) when (e is LiteException or IOException or InvalidCastException or InvalidOperationException or ArgumentException or IndexOutOfRangeException or NotSupportedException or NullReferenceException)
        {
            reason = $"it was damaged: {e.Message}";
        }

        // Both files together, always: a left-over log is replayed into a new database.
        File.Delete(path);
        File.Delete(Path.ChangeExtension(path, null) + "-log" + Path.GetExtension(path));
        return (new ReadModelFile(path), reason);
    }

    /// <summary>Takes in lines, and how far they go, in one transaction.</summary>
    public void Apply(IReadOnlyList<JournalLine> lines)
    {
        _database.BeginTrans();
        try
        {
            foreach (var line in lines)
            {
                Apply(line);
            }

            _state.Upsert(new BsonDocument { ["_id"] = "journal", ["seq"] = lines[^1].Sequence, ["hash"] = lines[^1].Hash.ToArray() });
            CrashPoint.Reach("index-applying");
            _database.Commit();
            CrashPoint.Reach("index-applied");
        }
        catch
        {
            _database.Rollback();
            throw;
        }

        (AppliedSequence, AppliedHash) = (lines[^1].Sequence, lines[^1].Hash);
    }

    public IEnumerable<PaymentDocument> Newest(PaymentQuery query)
    {
        var (index, value) = query switch
        {
            { Agent: { } agent } => ("byAgent", agent.Value),
            { Merchant: { } merchant } => ("byMerchant", merchant),
            { Outcome: { } outcome } => ("byOutcome", outcome),
            _ => ("seq", null),
        };
        var last = Math.Max(0, query.Before - 1);
        var range = value is null
            ? Query.Between(index, 0L, last)
            : Query.Between(index, PaymentDocument.Key(value, 0), PaymentDocument.Key(value, last));
        return _payments.Query().Where(range).OrderByDescending(index).ToEnumerable().Select(PaymentDocument.From);
    }

    public PaymentDocument? FindPayment(PaymentId id) => _payments.FindById(id.Value) is { } found ? PaymentDocument.From(found) : null;

    public void PutReceipt(string id, AgentId agent, string jws) =>
        _receipts.Upsert(new BsonDocument { ["_id"] = id, ["agent"] = agent.Value, ["jws"] = jws });

    public StoredReceipt? FindReceipt(string id) =>
        _receipts.FindById(id) is { } found ? new StoredReceipt(new AgentId(found["agent"].AsString), found["jws"].AsString) : null;

    public void Dispose() => _database.Dispose();

    // The line that was applied last must be in the journal with the same hash.
    private bool Follows(LedgerHost ledger) =>
        AppliedSequence == 0
        || (AppliedSequence <= ledger.Health.Sequence && ledger.ReadAfter(AppliedSequence - 1).First().Hash == AppliedHash);

    private void Apply(JournalLine line)
    {
        switch (line.Entry)
        {
            case JournalEntry.Reserved reserved:
                _payments.Upsert(PaymentDocument.From(reserved, line).ToBson());
                break;
            case JournalEntry.Recorded { Event: LedgerEvent.Refused { Count: 1 } refused }:
                _payments.Upsert(PaymentDocument.From(refused, line).ToBson());
                break;
            case JournalEntry.Recorded { Event: LedgerEvent.Sent e }:
                Change(e.Payment, payment => payment with { Outcome = "sent" });
                break;
            case JournalEntry.Recorded { Event: LedgerEvent.Settled e }:
                Change(e.Payment, payment => payment with { Outcome = "settled", Reason = null, Transaction = e.Claim.Transaction, Settlement = Claimed, Undelivered = e.Delivered ? null : "status", OutcomeSequence = line.Sequence });
                break;
            case JournalEntry.Recorded { Event: LedgerEvent.InDoubt e }:
                Change(e.Payment, payment => payment with { Outcome = "in_doubt", Reason = e.Why, Transaction = e.Claim?.Transaction, OutcomeSequence = line.Sequence });
                break;
            case JournalEntry.Recorded { Event: LedgerEvent.Undelivered e }:
                Change(e.Payment, payment => payment with { Undelivered = e.Why, OutcomeSequence = line.Sequence });
                break;
            case JournalEntry.Recorded { Event: LedgerEvent.Refunded e }:
                Change(e.Payment, payment => payment with { Refunded = Sum(payment.Refunded, e.Refund.Value) });
                break;
            case JournalEntry.Recorded { Event: LedgerEvent.Aborted e }:
                Change(e.Payment, payment => payment with { Outcome = "aborted", Reason = e.Why, OutcomeSequence = line.Sequence });
                break;
            case JournalEntry.Recorded { Event: LedgerEvent.Proven e }:
                Change(e.Payment, payment => payment with { Outcome = "settled", Reason = null, Transaction = e.Proof.Transaction.ToString(), Settlement = Proven, OutcomeSequence = line.Sequence });
                break;
            case JournalEntry.Recorded { Event: LedgerEvent.Expired e }:
                Change(e.Payment, payment => payment with { Outcome = "aborted", Reason = e.Why, Settlement = Proven, OutcomeSequence = line.Sequence });
                break;
            case JournalEntry.Recorded { Event: LedgerEvent.Voided e }:
                Change(e.Payment, payment => payment with { Outcome = "voided", Reason = "voided", Settlement = "attested", OutcomeSequence = line.Sequence });
                break;
        }
    }

    private static string Sum(string? refunded, TokenAmount more) => TokenAmount.TryParse(refunded, out var before) ? new TokenAmount(before.Units + more.Units).ToString() : more.ToString();

    private void Change(PaymentId id, Func<PaymentDocument, PaymentDocument> change)
    {
        if (FindPayment(id) is { } payment)
        {
            _payments.Update(change(payment).ToBson());
        }
    }
}
