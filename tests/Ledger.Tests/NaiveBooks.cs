using System.Numerics;
using SmartProxy.Protocol;

namespace SmartProxy.Ledger.Tests;

/// <summary>The same promises as searches of lists, written again from the design and without any cleverness.</summary>
internal sealed class NaiveBooks
{
    private readonly List<Entry> _entries = [];
    private readonly List<Question> _questions = [];
    private readonly List<LedgerEvent.Granted> _grants = [];
    private readonly HashSet<PaymentId> _revoked = [];
    private int _step;

    public sealed record Entry(ReserveRequest Request, DateTimeOffset At, PaymentId? Approval, IReadOnlyList<GrantUse> Grants)
    {
        public PaymentId Id => Request.Id;

        public PaymentFacts Facts => Request.Facts;

        public DateTimeOffset ValidBefore => DateTimeOffset.FromUnixTimeSeconds(Request.Terms.ValidBefore);

        public PaymentState State { get; set; }

        public List<(int Step, DateTimeOffset At, bool Delivered)> Endings { get; } = [];
    }

    public sealed record Question(PaymentId Id, object Binding, AgentId Agent, DateTimeOffset Closes)
    {
        public LedgerEvent.ApprovalAnswered? Answer { get; set; }
    }

    public IReadOnlyList<Entry> Entries => _entries;

    public IReadOnlyList<Question> Questions => _questions;

    public IReadOnlyList<LedgerEvent.Granted> Grants => _grants;

    public void Add(ReserveRequest request, DateTimeOffset now, JournalEntry.Reserved made) => _entries.Add(new Entry(request, now, made.Approval, made.Grants));

    public void End(Entry entry, PaymentState state, DateTimeOffset now, bool delivered, bool told = true)
    {
        entry.State = state;
        if (told && state is PaymentState.Settled or PaymentState.InDoubt)
        {
            entry.Endings.Add((++_step, now, delivered));
        }
    }

    public void Ask(PaymentId id, ReserveRequest request, DateTimeOffset closes) => _questions.Add(new Question(id, Bound(request), request.Facts.Agent, closes));

    public void Grant(LedgerEvent.Granted granted) => _grants.Add(granted);

    public void Revoke(PaymentId grant) => _revoked.Add(grant);

    /// <summary>Why the payment must be refused; null when it must be made.</summary>
    public ReserveRefusal? Judge(ReserveRequest request, DateTimeOffset now)
    {
        var guards = request.Guards;
        return guards.Breaker is { } breaker && IsOpen(breaker, now) ? ReserveRefusal.MerchantSuspended
            : guards.Loop is { } loop && IsLooping(loop, request, now) ? ReserveRefusal.RequestLoop
            : PinnedElsewhere(request) && guards.Approval is not { NewRecipient: true } ? ReserveRefusal.RecipientChanged
            : IsDearer(request) && guards.Approval is not { PriceDrift: true } ? ReserveRefusal.PriceDrift
            : WithoutRoom(request, now) is { } line ? line.Limit.Measure == SpendMeasure.Dollars ? ReserveRefusal.BudgetExceeded : ReserveRefusal.CountExceeded
            : AsksAPerson(request) ? Answered(request, now)
            : null;
    }

    public bool IsOpen(BreakerGuard guard, DateTimeOffset now)
    {
        var mine = _entries.Where(entry => guard.Scope.Matches(entry.Facts)).ToList();
        var delivered = mine.Where(entry => entry.Endings.Exists(end => end.Delivered)).Select(entry => entry.Endings.First(end => end.Delivered).Step).DefaultIfEmpty(0).Max();
        var failed = mine.Where(entry => entry.Endings.Count > 0 && !entry.Endings.Exists(end => end.Delivered)).Select(entry => entry.Endings[0]).Where(end => end.Step > delivered).ToList();
        var isTried = mine.Exists(entry => entry.State is PaymentState.Reserved or PaymentState.Sent && now < entry.ValidBefore.AddSeconds(60));
        return failed.Count >= guard.Failures && (now < failed.MaxBy(end => end.Step).At + guard.Pause || isTried);
    }

    public bool IsLooping(LoopGuard guard, ReserveRequest request, DateTimeOffset now) => _entries.Count(entry =>
        entry.State != PaymentState.Aborted && entry.Facts.Agent == request.Facts.Agent && entry.Request.RequestDigest == request.RequestDigest
        && now < entry.At + guard.Within) >= guard.Times;

    /// <summary>The first limit without room, grants included.</summary>
    public BudgetLine? WithoutRoom(ReserveRequest request, DateTimeOffset now) => request.Lines.FirstOrDefault(line =>
        Excess(line, request.Facts, now) > (line.Limit.Measure == SpendMeasure.Dollars ? Left(line.Owner, request.Facts.Merchant, now) : 0));

    /// <summary>By how much the payment is over the room of a limit.</summary>
    public BigInteger Excess(BudgetLine line, PaymentFacts facts, DateTimeOffset now)
    {
        var (spent, held) = Sum(line, now);
        var need = line.Limit.Measure switch
        {
            SpendMeasure.Dollars => facts.Value.Micros,
            SpendMeasure.Payments => (UInt128)1,
            _ => Counted(line, now).Any(entry => entry.Facts.PayTo == facts.PayTo) ? 0u : 1u,
        };
        return BigInteger.Max(0, (BigInteger)need - BigInteger.Max(0, (BigInteger)line.Limit.Units - spent - held));
    }

    public BigInteger UsedOf(PaymentId grant) =>
        _entries.Where(entry => entry.State != PaymentState.Aborted).SelectMany(entry => entry.Grants).Where(use => use.Grant == grant).Aggregate(BigInteger.Zero, (sum, use) => sum + use.Amount.Micros);

    public (BigInteger Spent, BigInteger Held) Sum(BudgetLine line, DateTimeOffset now)
    {
        var counted = Counted(line, now).ToList();
        var settled = counted.Where(entry => entry.State == PaymentState.Settled).ToList();
        var promised = counted.Except(settled).ToList();
        return line.Limit.Measure switch
        {
            SpendMeasure.Dollars => (Value(settled), Value(promised)),
            SpendMeasure.Payments => (settled.Count, promised.Count),
            _ => (Recipients(settled).Count(), Recipients(promised).Except(Recipients(settled)).Count()),
        };

        static BigInteger Value(List<Entry> entries) => entries.Aggregate(BigInteger.Zero, (sum, entry) => sum + entry.Facts.Value.Micros);

        static IEnumerable<EvmAddress> Recipients(List<Entry> entries) => entries.Select(entry => entry.Facts.PayTo).Distinct();
    }

    public static bool IsOwnedBy(BudgetOwner owner, string? merchant, LedgerEvent.Granted grant) => grant.Owner == owner && (grant.Merchant is null || grant.Merchant == merchant);

    private BigInteger Left(BudgetOwner owner, string? merchant, DateTimeOffset now) => _grants
        .Where(grant => IsOwnedBy(owner, merchant, grant) && now < grant.ExpiresAt && !_revoked.Contains(grant.Grant))
        .Aggregate(BigInteger.Zero, (sum, grant) => sum + grant.Amount.Micros - UsedOf(grant.Grant));

    private IEnumerable<Entry> Counted(BudgetLine line, DateTimeOffset now)
    {
        var start = (line.Window as SpendWindow.Calendar)?.Bounds(now).Start ?? default;
        return _entries.Where(entry => entry.State != PaymentState.Aborted && line.Scope.Matches(entry.Facts) && Counts(entry, line, start, now));
    }

    // Money that may still be charged counts beyond its window; a payment as such was made when it was reserved.
    private static bool Counts(Entry entry, BudgetLine line, DateTimeOffset start, DateTimeOffset now)
    {
        var isMoney = line.Limit.Measure == SpendMeasure.Dollars;
        var dead = isMoney && entry.ValidBefore > entry.At ? entry.ValidBefore : entry.At;
        return line.Window switch
        {
            SpendWindow.Total => true,
            SpendWindow.UnderWay => entry.State is PaymentState.Reserved or PaymentState.Sent,
            SpendWindow.Rolling rolling => now < dead + rolling.Length,
            SpendWindow.Calendar => entry.At >= start || (isMoney && now <= dead + TimeSpan.FromHours(1)),
            _ => throw new NotSupportedException(),
        };
    }

    private bool PinnedElsewhere(ReserveRequest request)
    {
        EvmAddress? pin = null;
        foreach (var entry in _entries.Where(entry => entry.Request.PinsRecipient && entry.Facts.Origin == request.Facts.Origin && entry.Facts.Network == request.Facts.Network))
        {
            pin = pin is null || entry.Approval is not null ? entry.Facts.PayTo : pin;
        }

        return request.PinsRecipient && pin is not null && pin != request.Facts.PayTo;
    }

    private bool IsDearer(ReserveRequest request)
    {
        var last = _entries.LastOrDefault(entry => entry.State != PaymentState.Aborted
            && (entry.Facts.Origin, entry.Facts.Method, entry.Facts.Path) == (request.Facts.Origin, request.Facts.Method, request.Facts.Path));
        return request.Guards.PriceDrift is { } guard && last is not null
            && (BigInteger)request.Facts.Value.Micros * 100 > (BigInteger)last.Facts.Value.Micros * (100 + guard.Percent);
    }

    private bool AsksAPerson(ReserveRequest request)
    {
        var paid = _entries.Where(entry => entry.State != PaymentState.Aborted && entry.Facts.Origin == request.Facts.Origin).ToList();
        return request.Guards.Approval is { } guard
            && (guard.IsAbove || PinnedElsewhere(request) || IsDearer(request)
                || (guard.NewRecipient && !paid.Exists(entry => entry.Facts.PayTo == request.Facts.PayTo))
                || (guard.NewHost && request.Facts.Merchant is null && paid.Count == 0));
    }

    private ReserveRefusal? Answered(ReserveRequest request, DateTimeOffset now)
    {
        var question = _questions.LastOrDefault(question => question.Binding.Equals(Bound(request)));
        var isUsed = question is null || _entries.Exists(entry => entry.Approval == question.Id);
        return isUsed || now >= (question!.Answer?.ExpiresAt ?? question.Closes) || question.Answer is null ? ReserveRefusal.ApprovalPending
            : question.Answer.Approved ? null
            : ReserveRefusal.ApprovalDenied;
    }

    private static object Bound(ReserveRequest request) =>
        (request.Facts.Agent, request.Facts.Origin, request.Terms.To, request.Terms.Chain, request.Terms.Asset, request.Terms.Value, request.RequestDigest);
}
