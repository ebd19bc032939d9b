using System.Diagnostics;
using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>
/// The books as a pure function of journal entries and time. <see cref="Decide"/> looks and changes nothing; <see cref="Apply"/> changes, and
/// is the same for an entry that was just decided and for one that is read back. Not thread-safe: one writer owns it.
/// </summary>
public sealed partial class BudgetLedger
{
    /// <summary>No single payment is worth this much; it keeps every sum of 2^27 payments within 128 bits.</summary>
    public static readonly Usd ValueCeiling = new(UInt128.One << 100);

    /// <summary>How long past <c>validBefore</c> an authorization is treated as live when no chain says otherwise.</summary>
    public static readonly TimeSpan LiveMargin = TimeSpan.FromHours(1);

    /// <summary>The most questions or grants that are listed at once.</summary>
    public const int MaxListed = 1000;

    // 9998-01-01: what a calendar can still do arithmetic with.
    internal const long MaxUnixSeconds = 253_339_228_800;

    private readonly PaymentRegister _payments = new();
    private readonly LogicalRequests _requests = new();
    private readonly SpendBook _book = new();
    private readonly GuardMemory _guards = new();
    private readonly ApprovalBook _approvals = new();
    private readonly GrantBook _grants = new();
    private readonly ChainMemory _chain = new();
    private DateTimeOffset _now = DateTimeOffset.MinValue;

    /// <summary>Number of the last applied line; 0 before the first.</summary>
    public long Sequence { get; private set; }

    /// <summary>Time of the last applied line.</summary>
    public DateTimeOffset LastAt { get; private set; } = DateTimeOffset.MinValue;

    /// <summary>Identity of the journal; null before its first line.</summary>
    public Bytes32? Journal { get; private set; }

    public Bytes32? PolicyHash { get; private set; }

    public FreezeState Freeze { get; private set; } = FreezeState.None;

    /// <summary>Every payment ever reserved, in order.</summary>
    public IReadOnlyList<Payment> Payments => _book.Payments;

    /// <summary>The pinned recipients.</summary>
    public IReadOnlyDictionary<(Origin Origin, ChainId Network), EvmAddress> Pins => _guards.Pins;

    public Payment? Find(PaymentId id) => _payments.Find(id);

    /// <summary>The payment that an authorization on chain belongs to; null when no decision explains it.</summary>
    public Payment? FindByNonce(ChainId chain, EvmAddress asset, EvmAddress from, Bytes32 nonce) => _payments.FindByNonce(chain, asset, from, nonce);

    /// <summary>Whether this event of the chain was recorded as drift before.</summary>
    public bool IsKnown(ChainDrift drift) => _chain.Knows(drift);

    /// <summary>Whether this transfer was recorded as a refund before.</summary>
    public bool IsKnown(ChainRefund refund) => _chain.Knows(refund);

    /// <summary>Token units that came back for a payment. Shown, and never returned to a budget.</summary>
    public UInt128 RefundedOf(PaymentId payment) => _chain.RefundedOf(payment);

    /// <summary>Whether an operator agreed that the journal goes on although this line is not in it.</summary>
    public bool IsRollbackAccepted(long sequence, Bytes32 head) => _chain.IsRollbackAccepted(sequence, head);

    /// <summary>The ledger's clock: whole microseconds, and never earlier than it has been.</summary>
    public DateTimeOffset Tick(DateTimeOffset now)
    {
        var whole = Whole(now);
        return _now = whole > _now ? whole : _now;
    }

    /// <summary>A time as lines tell it: in UTC and whole microseconds.</summary>
    internal static DateTimeOffset Whole(DateTimeOffset time) => new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);

    /// <summary>Why something may not be recorded now; null when it may.</summary>
    public string? Objection(JournalEntry entry, DateTimeOffset now) =>
        ObjectionAt(entry, Tick(now)) ?? (entry is JournalEntry.Recorded { Event: LedgerEvent.ApprovalAnswered answer } ? _approvals.Lateness(answer, _now) : null);

    /// <summary>Makes room for about so many payments, so that a long journal is read faster. Nothing depends on the number.</summary>
    public void Expect(int payments)
    {
        _payments.Expect(payments);
        _book.Expect(payments);
    }

    /// <summary>Takes one line into the books.</summary>
    /// <exception cref="LedgerInvariantException">The line can't follow what was applied before.</exception>
    public void Apply(JournalLine line)
    {
        var objection = line.Sequence != Sequence + 1 ? $"expected number {Sequence + 1}"
            : line.At < LastAt ? "earlier than the line before"
            : ObjectionAt(line.Entry, line.At);
        if (objection is not null)
        {
            throw new LedgerInvariantException($"journal line {line.Sequence}: {objection}");
        }

        (Sequence, LastAt) = (line.Sequence, line.At);
        _now = line.At > _now ? line.At : _now;
        switch (line.Entry)
        {
            case JournalEntry.Opened opened:
                Journal = opened.Journal;
                break;
            case JournalEntry.Reserved reserved:
                Claim(reserved, line);
                break;
            case JournalEntry.Recorded recorded:
                Happen(recorded.Event, line);
                break;
        }
    }

    /// <summary>How a limit stands. Whatever limit is asked about, no decision depends on the question.</summary>
    public LineUsage Usage(BudgetLine line, DateTimeOffset now)
    {
        var series = _book.ShownSeriesOf(line, Tick(now));
        return new LineUsage(line, series.Spent, series.Held, series.ResetsAt);
    }

    /// <summary>The open questions to people, oldest first, then the latest closed ones.</summary>
    public IReadOnlyList<ApprovalView> Approvals(DateTimeOffset now) => _approvals.Views(Tick(now), MaxListed);

    /// <summary>The grants in force, the first to end first, then the latest ended ones.</summary>
    public IReadOnlyList<GrantView> Grants(DateTimeOffset now) => _grants.Views(Tick(now), MaxListed);

    // INVARIANT: what had no objection a moment ago has none now, because lines are decided before they get their time: questions and grants only end.
    private string? ObjectionAt(JournalEntry entry, DateTimeOffset at) => entry switch
    {
        JournalEntry.Opened => Sequence == 0 ? null : "a journal is opened once, by its first line",
        _ when Sequence == 0 => "the first line must be `opened`",
        JournalEntry.Reserved reserved => _payments.ObjectionTo(reserved, PolicyHash) ?? _approvals.ObjectionTo(reserved) ?? _grants.ObjectionTo(reserved),
        JournalEntry.Recorded recorded => ObjectionTo(recorded.Event, at),
        _ => throw new UnreachableException(),
    };

    private string? ObjectionTo(LedgerEvent happened, DateTimeOffset at) => happened switch
    {
        LedgerEvent.Sent e => _payments.ObjectionTo(e.Payment, PaymentState.Sent),
        LedgerEvent.Settled e => _payments.ObjectionTo(e.Payment, PaymentState.Settled),
        LedgerEvent.InDoubt e => _payments.ObjectionTo(e.Payment, PaymentState.InDoubt),
        LedgerEvent.Aborted e => _payments.ObjectionTo(e.Payment, PaymentState.Aborted),
        LedgerEvent.Proven e => _payments.ObjectionTo(e.Payment, PaymentState.Proven),
        LedgerEvent.Expired e => _payments.ObjectionTo(e),
        LedgerEvent.Voided e => _payments.ObjectionTo(e.Payment, PaymentState.Voided),
        LedgerEvent.Undelivered e => _payments.ObjectionTo(e.Payment) ?? (_payments.Of(e.Payment).IsUndelivered ? $"payment `{e.Payment}` was told to be not delivered" : null),
        LedgerEvent.SellerSigned e => _payments.ObjectionTo(e.Payment),
        LedgerEvent.Refunded e => _payments.ObjectionTo(e.Payment) ?? (_chain.Knows(e.Refund) ? "this event of the chain is recorded already" : null),
        LedgerEvent.Drifted e when _chain.Knows(e.Drift) => "this event of the chain is recorded already",
        LedgerEvent.ApprovalRequested e => _approvals.ObjectionTo(e, at),
        LedgerEvent.ApprovalAnswered e => _approvals.ObjectionTo(e),
        LedgerEvent.Granted e => _grants.ObjectionTo(e, at),
        LedgerEvent.GrantRevoked e => _grants.ObjectionTo(e),
        _ => null,
    };

    private void Claim(JournalEntry.Reserved entry, JournalLine line)
    {
        var payment = _payments.Add(entry, line);
        _requests.Add(payment, line.At);
        _book.Add(payment);
        _guards.Add(payment, entry, line.At);
        _grants.Use(entry.Grants);
        if (entry.Approval is { } agreement)
        {
            _approvals.Used(agreement);
        }
    }

    private void Happen(LedgerEvent happened, JournalLine line)
    {
        switch (happened)
        {
            case LedgerEvent.Sent e:
                _payments.Move(e.Payment, PaymentState.Sent, line, DeliveryOutcome.Unknown);
                break;
            case LedgerEvent.Settled e:
                _payments.Move(e.Payment, PaymentState.Settled, line, e.Delivered ? DeliveryOutcome.Delivered : DeliveryOutcome.Failed);
                break;
            case LedgerEvent.InDoubt e:
                _payments.Move(e.Payment, PaymentState.InDoubt, line, e.Delivered ? DeliveryOutcome.Delivered
                    : e.Why == LedgerEvent.InDoubt.Restart ? DeliveryOutcome.Unknown : DeliveryOutcome.Failed);
                break;
            case LedgerEvent.Aborted e:
                _grants.GiveBack(_payments.Of(e.Payment).Grants);
                _payments.Move(e.Payment, PaymentState.Aborted, line, DeliveryOutcome.Unknown);
                _guards.Aborted(_payments.Of(e.Payment));
                break;
            case LedgerEvent.Proven e:
                _payments.Move(e.Payment, PaymentState.Proven, line, DeliveryOutcome.Unknown);
                break;
            case LedgerEvent.Voided e:
                _payments.Move(e.Payment, PaymentState.Voided, line, DeliveryOutcome.Unknown);
                break;
            case LedgerEvent.Expired e:
                _grants.GiveBack(_payments.Of(e.Payment).Grants);
                _payments.Move(e.Payment, PaymentState.Expired, line, DeliveryOutcome.Unknown);
                break;
            case LedgerEvent.Undelivered e:
                _payments.FailDelivery(e.Payment, line);
                break;
            case LedgerEvent.Refunded e:
                _chain.Add(e); // INVARIANT: shown, and returned to no budget
                break;
            case LedgerEvent.Drifted e:
                _chain.Add(e.Drift);
                break;
            case LedgerEvent.RollbackAccepted e:
                _chain.Accept(e);
                break;
            case LedgerEvent.PolicyActivated e:
                PolicyHash = e.Hash;
                _book.Forget();
                break;
            case LedgerEvent.Frozen e:
                Freeze = Freeze.With(e);
                break;
            case LedgerEvent.Unfrozen e:
                Freeze = Freeze.Without(e.Agent);
                break;
            case LedgerEvent.ApprovalRequested e:
                _approvals.Add(e, line.At);
                break;
            case LedgerEvent.ApprovalAnswered e:
                _approvals.Answered(e);
                break;
            case LedgerEvent.Granted e:
                _grants.Add(e, line.At);
                break;
            case LedgerEvent.GrantRevoked e:
                _grants.Revoke(e.Grant);
                break;
            case LedgerEvent.Refused or LedgerEvent.SellerSigned:
                break; // told, not counted
            default:
                throw new UnreachableException();
        }
    }
}
