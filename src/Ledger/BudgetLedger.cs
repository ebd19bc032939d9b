using System.Diagnostics;
using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>
/// The books as a pure function of journal entries and time. <see cref="Decide"/> looks and changes nothing; <see cref="Apply"/> changes, and
/// is the same for an entry that was just decided and for one that is read back. Not thread-safe: one writer owns it.
/// </summary>
public sealed class BudgetLedger
{
    /// <summary>No single payment is worth this much; it keeps every sum of 2^27 payments within 128 bits.</summary>
    public static readonly Usd ValueCeiling = new(UInt128.One << 100);

    /// <summary>How long past <c>validBefore</c> an authorization is treated as live when no chain says otherwise.</summary>
    public static readonly TimeSpan LiveMargin = TimeSpan.FromHours(1);

    // 9998-01-01: what a calendar can still do arithmetic with.
    private const long MaxUnixSeconds = 253_339_228_800;

    private readonly Dictionary<PaymentId, Payment> _payments = [];
    private readonly Dictionary<(ChainId Chain, EvmAddress Asset, EvmAddress From, Bytes32 Nonce), Payment> _nonces = [];
    private readonly Dictionary<(Origin Origin, ChainId Network), EvmAddress> _pins = [];
    private readonly LogicalRequests _requests = new();
    private readonly SpendBook _book = new();
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
    public IReadOnlyDictionary<(Origin Origin, ChainId Network), EvmAddress> Pins => _pins;

    public Payment? Find(PaymentId id) => _payments.GetValueOrDefault(id);

    /// <summary>The payment that an authorization on chain belongs to; null when no decision explains it.</summary>
    public Payment? FindByNonce(ChainId chain, EvmAddress asset, EvmAddress from, Bytes32 nonce) => _nonces.GetValueOrDefault((chain, asset, from, nonce));

    /// <summary>Whether this event of the chain was recorded as drift before.</summary>
    public bool IsKnown(ChainDrift drift) => _chain.Knows(drift);

    /// <summary>Whether an operator agreed that the journal goes on although this line is not in it.</summary>
    public bool IsRollbackAccepted(long sequence, Bytes32 head) => _chain.IsRollbackAccepted(sequence, head);

    /// <summary>The ledger's clock: whole microseconds, and never earlier than it has been.</summary>
    public DateTimeOffset Tick(DateTimeOffset now)
    {
        var whole = new DateTimeOffset(now.UtcTicks - (now.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
        return _now = whole > _now ? whole : _now;
    }

    /// <summary>
    /// Whether a payment may be made, with all that it claims. Nothing is changed; the entry must be applied before the next decision.
    /// </summary>
    /// <param name="request">What policy allowed.</param>
    /// <param name="now">The wall clock.</param>
    /// <param name="journalHead">Hash of the last line that is known to be on disk; the nonce commits to it.</param>
    /// <exception cref="ArgumentException">The request contradicts itself: a mistake in the caller.</exception>
    public ReserveDecision Decide(ReserveRequest request, DateTimeOffset now, Bytes32 journalHead)
    {
        now = Tick(now);
        Check(request);
        if (Freeze.ReasonFor(request.Facts.Agent) is not null)
        {
            return new ReserveOutcome.Refused(ReserveRefusal.Frozen);
        }

        if (PolicyHash != request.PolicyHash)
        {
            return new ReserveOutcome.Refused(ReserveRefusal.PolicyChanged);
        }

        if (_requests.InTheWay(request, now) is { } twin)
        {
            return twin;
        }

        if (request.PinsRecipient && PinnedElsewhere(request) is { } pinned)
        {
            return new ReserveOutcome.Refused(ReserveRefusal.RecipientChanged, PinnedRecipient: pinned);
        }

        if (WithoutRoom(request, now) is { } exceeded)
        {
            return exceeded;
        }

        var entry = ToEntry(request, journalHead);
        return Objection(entry) is null ? entry : new ReserveOutcome.Refused(ReserveRefusal.LedgerUnavailable);
    }

    /// <summary>Why an entry would break the books; null when it may be applied.</summary>
    public string? Objection(JournalEntry entry) => entry switch
    {
        JournalEntry.Opened => Sequence == 0 ? null : "a journal is opened once, by its first line",
        _ when Sequence == 0 => "the first line must be `opened`",
        JournalEntry.Reserved reserved => ObjectionTo(reserved),
        JournalEntry.Recorded { Event: LedgerEvent.Sent e } => ObjectionTo(e.Payment, PaymentState.Sent),
        JournalEntry.Recorded { Event: LedgerEvent.Settled e } => ObjectionTo(e.Payment, PaymentState.Settled),
        JournalEntry.Recorded { Event: LedgerEvent.InDoubt e } => ObjectionTo(e.Payment, PaymentState.InDoubt),
        JournalEntry.Recorded { Event: LedgerEvent.Aborted e } => ObjectionTo(e.Payment, PaymentState.Aborted),
        JournalEntry.Recorded { Event: LedgerEvent.Proven e } => ObjectionTo(e.Payment, PaymentState.Proven),
        JournalEntry.Recorded { Event: LedgerEvent.Expired e } => ObjectionTo(e),
        JournalEntry.Recorded { Event: LedgerEvent.Voided e } => ObjectionTo(e.Payment, PaymentState.Voided),
        JournalEntry.Recorded { Event: LedgerEvent.Drifted e } when _chain.Knows(e.Drift) => "this event of the chain is recorded already",
        JournalEntry.Recorded => null,
        _ => throw new UnreachableException(),
    };

    /// <summary>Takes one line into the books.</summary>
    /// <exception cref="LedgerInvariantException">The line can't follow what was applied before.</exception>
    public void Apply(JournalLine line)
    {
        var objection = line.Sequence != Sequence + 1 ? $"expected number {Sequence + 1}"
            : line.At < LastAt ? "earlier than the line before"
            : Objection(line.Entry);
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
                Happen(recorded.Event, line.At);
                break;
        }
    }

    /// <summary>How a limit stands. Whatever limit is asked about, no decision depends on the question.</summary>
    public LineUsage Usage(BudgetLine line, DateTimeOffset now)
    {
        var series = _book.ShownSeriesOf(line, Tick(now));
        return new LineUsage(line, series.Spent, series.Held, series.ResetsAt);
    }

    private static void Check(ReserveRequest request)
    {
        var (facts, terms) = (request.Facts, request.Terms);
        var agrees = facts.Network == terms.Chain
            && facts.Asset == terms.Asset
            && facts.PayTo == terms.To
            && facts.Origin == request.Context.Origin;
        if (!agrees)
        {
            throw new ArgumentException("what was judged is not what would be signed: facts, terms and context must agree", nameof(request));
        }

        if (terms.ValidBefore is < 0 or > MaxUnixSeconds)
        {
            throw new ArgumentException($"expected `validBefore` as Unix seconds, found `{terms.ValidBefore}`", nameof(request));
        }

        // INVARIANT: a payment counts in every limit that it was checked against.
        if (request.Lines.FirstOrDefault(line => !line.Scope.Matches(facts)) is { } stranger)
        {
            throw new ArgumentException($"the limit `{stranger.Id}` does not match the payment that draws on it", nameof(request));
        }
    }

    private EvmAddress? PinnedElsewhere(ReserveRequest request) =>
        _pins.TryGetValue((request.Facts.Origin, request.Facts.Network), out var pinned) && pinned != request.Facts.PayTo ? pinned : null;

    // The first limit without room is named; the wait is that of the slowest.
    private ReserveOutcome.Refused? WithoutRoom(ReserveRequest request, DateTimeOffset now)
    {
        var value = request.Facts.Value;
        if (value >= ValueCeiling)
        {
            return new ReserveOutcome.Refused(ReserveRefusal.BudgetExceeded);
        }

        ReserveOutcome.Refused? refusal = null;
        foreach (var line in request.Lines)
        {
            var series = _book.SeriesOf(line, now);
            var room = line.Limit.Less(series.Used);
            if (value.Micros <= room.Units)
            {
                continue;
            }

            var wait = value.Micros > line.Limit.Units ? null : series.FreesIn(new Usd(value.Micros - room.Units + series.Used.Less(line.Limit).Units));
            refusal = refusal is null
                ? new ReserveOutcome.Refused(ReserveRefusal.BudgetExceeded, new LineUsage(line, series.Spent, series.Held, series.ResetsAt), wait)
                : refusal with { RetryAfter = refusal.RetryAfter is { } other && wait is { } own ? TimeSpan.FromTicks(Math.Max(other.Ticks, own.Ticks)) : null };
        }

        return refusal;
    }

    private JournalEntry.Reserved ToEntry(ReserveRequest request, Bytes32 journalHead)
    {
        var record = DecisionRecord.Compose(request, journalHead);
        return new JournalEntry.Reserved
        {
            Id = request.Id,
            PolicyHash = request.PolicyHash,
            DecisionRecord = record,
            Authorization = new TransferAuthorization(request.Terms, DecisionRecord.NonceOf(record)),
            Facts = request.Facts,
            Lines = [.. request.Lines.Select(line => _book.SeriesOf(line, _now)).Zip(request.Lines, (series, line) => new LimitFigures(line.Id, line.Limit, series.Spent, series.Held))],
            TermsHash = request.TermsHash,
            RequestDigest = request.RequestDigest,
            LogicalRequest = request.LogicalRequest,
            HasIdempotencyKey = request.HasIdempotencyKey,
            IsSafeMethod = request.IsSafeMethod,
            PinsRecipient = request.PinsRecipient,
            Context = request.Context,
        };
    }

    private string? ObjectionTo(JournalEntry.Reserved entry) =>
        _payments.ContainsKey(entry.Id) ? $"payment `{entry.Id}` is reserved already"
        : _nonces.ContainsKey(NonceKey(entry.Authorization)) ? $"the nonce of payment `{entry.Id}` is taken"
        : PolicyHash != entry.PolicyHash ? $"payment `{entry.Id}` was judged under a policy that is not in force"
        : entry.Facts.Value >= ValueCeiling ? $"payment `{entry.Id}` is worth more than the books can sum"
        : entry.Authorization.Terms.ValidBefore is < 0 or > MaxUnixSeconds ? $"payment `{entry.Id}` has no usable `validBefore`"
        : null;

    private string? ObjectionTo(PaymentId id, PaymentState to) =>
        !_payments.TryGetValue(id, out var payment) ? $"payment `{id}` was never reserved"
        : PaymentMoves.IsLegal(payment.State, to) ? null
        : $"payment `{id}` can't go from {payment.State} to {to}";

    // INVARIANT: nothing returns to a budget one second early, whoever asks for it. A cancelled authorization is dead at once.
    private string? ObjectionTo(LedgerEvent.Expired e) =>
        ObjectionTo(e.Payment, PaymentState.Expired)
        ?? (e.Why != LedgerEvent.Expired.Canceled && e.Proof.BlockTime < _payments[e.Payment].ValidBefore ? $"payment `{e.Payment}` can be used until {_payments[e.Payment].ValidBefore:u}" : null);

    private void Claim(JournalEntry.Reserved entry, JournalLine line)
    {
        var payment = new Payment(line.Sequence, line.At, entry);
        _payments.Add(payment.Id, payment);
        _nonces.Add(NonceKey(entry.Authorization), payment);
        _requests.Add(payment, line.At);
        _book.Add(payment);
        if (entry.PinsRecipient)
        {
            _pins.TryAdd((entry.Facts.Origin, entry.Facts.Network), entry.Facts.PayTo);
        }
    }

    private void Happen(LedgerEvent happened, DateTimeOffset at)
    {
        switch (happened)
        {
            case LedgerEvent.Sent e:
                _payments[e.Payment].Move(PaymentState.Sent, at, delivered: false);
                break;
            case LedgerEvent.Settled e:
                _payments[e.Payment].Move(PaymentState.Settled, at, e.Delivered);
                _book.Note(_payments[e.Payment], SpendMoveKind.Spent);
                break;
            case LedgerEvent.InDoubt e:
                _payments[e.Payment].Move(PaymentState.InDoubt, at, e.Delivered);
                break;
            case LedgerEvent.Aborted e:
                _payments[e.Payment].Move(PaymentState.Aborted, at, delivered: false);
                _book.Note(_payments[e.Payment], SpendMoveKind.Freed);
                break;
            case LedgerEvent.Proven e:
                Conclude(e.Payment, PaymentState.Proven, at, SpendMoveKind.Spent);
                break;
            case LedgerEvent.Voided e:
                Conclude(e.Payment, PaymentState.Voided, at, SpendMoveKind.Spent);
                break;
            case LedgerEvent.Expired e:
                Conclude(e.Payment, PaymentState.Expired, at, SpendMoveKind.Freed);
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
            case LedgerEvent.Refused:
                break; // told, not counted
            default:
                throw new UnreachableException();
        }
    }

    private void Conclude(PaymentId id, PaymentState state, DateTimeOffset at, SpendMoveKind kind)
    {
        var payment = _payments[id];
        payment.Move(state, at, delivered: false);
        _book.Note(payment, kind);
    }

    private static (ChainId, EvmAddress, EvmAddress, Bytes32) NonceKey(TransferAuthorization authorization) =>
        (authorization.Terms.Chain, authorization.Terms.Asset, authorization.Terms.From, authorization.Nonce);
}

/// <summary>Either the entry to journal, or why not.</summary>
public readonly record struct ReserveDecision
{
    private ReserveDecision(JournalEntry.Reserved? entry, ReserveOutcome.Refused? refusal) => (Entry, Refusal) = (entry, refusal);

    /// <summary>To be applied and journaled; null when refused.</summary>
    public JournalEntry.Reserved? Entry { get; }

    public ReserveOutcome.Refused? Refusal { get; }

    public static implicit operator ReserveDecision(JournalEntry.Reserved entry) => new(entry, null);

    public static implicit operator ReserveDecision(ReserveOutcome.Refused refusal) => new(null, refusal);
}
