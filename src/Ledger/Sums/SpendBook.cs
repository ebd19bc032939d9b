using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>
/// All retained payments, and the sums that were asked for. A sum is built from the payments when it is first needed, follows their moves,
/// and is forgotten with the policy that named its scope: no edit of a policy hands out a fresh budget.
/// </summary>
internal sealed class SpendBook
{
    private readonly List<Payment> _payments = [];
    private readonly Dictionary<AgentId, Shelf> _shelves = [];
    private readonly List<ScopeWatcher> _wide = [];
    private long _longestLife;

    public SpendBook() => (Decided, Shown) = (new SumSet(this), new SumSet(this));

    /// <summary>The sums of the policy in force, to decide by.</summary>
    public SumSet Decided { get; }

    /// <summary>
    /// INVARIANT: a sum that decides was built with the scope of a decision. A question may come with the scope of another policy, which
    /// chooses other payments under the same key; a sum built for it is never decided by.
    /// </summary>
    public SumSet Shown { get; }

    public IReadOnlyList<Payment> Payments => _payments;

    /// <summary>Makes room.</summary>
    public void Expect(int payments) => _payments.EnsureCapacity(payments);

    public void Add(Payment payment)
    {
        _payments.Add(payment);
        _longestLife = Math.Max(_longestLife, payment.ValidBefore.UtcTicks - payment.ReservedAt.UtcTicks);
        payment.Kind = KindOf(payment.Facts);
        payment.Kind.Add(payment);
    }

    /// <summary>Tells the sums that a payment is not what it was.</summary>
    public static void Moved(Payment payment, PaymentState from, DateTimeOffset now) => payment.Kind!.Moved(payment, from, now);

    /// <summary>The sum of a limit to be shown, for a limit of whatever policy the asker had before it.</summary>
    public SpendSeries ShownSeriesOf(BudgetLine line, DateTimeOffset now) => (Decided.Has(line) ? Decided : Shown).SeriesOf(line, now);

    /// <summary>Scope keys mean something under one policy only.</summary>
    public void Forget()
    {
        Decided.Clear();
        Shown.Clear();
        _wide.Clear();
        foreach (var shelf in _shelves.Values)
        {
            shelf.Own.Clear();
            foreach (var kind in shelf.Kinds.Values)
            {
                kind.Watchers.Clear();
            }
        }
    }

    /// <summary>Shows the payments to a new sum, those of before and those to come.</summary>
    public void Show(ScopeWatcher watcher)
    {
        var earliest = watcher.EarliestReservation(_longestLife);
        if (watcher.Scope.Agent is { } agent)
        {
            var shelf = ShelfOf(agent);
            shelf.Own.Add(watcher);
            shelf.Show(watcher, earliest);
            return;
        }

        _wide.Add(watcher);
        foreach (var shelf in _shelves.Values)
        {
            shelf.Show(watcher, earliest);
        }
    }

    private PaymentKind KindOf(PaymentFacts facts)
    {
        var shelf = ShelfOf(facts.Agent);
        if (!shelf.Kinds.TryGetValue(facts, out var kind))
        {
            kind = new PaymentKind(facts);
            kind.Watchers.AddRange(shelf.Own.Where(watcher => watcher.Scope.Matches(facts)));
            kind.Watchers.AddRange(_wide.Where(watcher => watcher.Scope.Matches(facts)));
            shelf.Kinds.Add(facts, kind);
        }

        return kind;
    }

    private Shelf ShelfOf(AgentId agent)
    {
        if (!_shelves.TryGetValue(agent, out var shelf))
        {
            shelf = new Shelf();
            _shelves.Add(agent, shelf);
        }

        return shelf;
    }

    /// <summary>The payments of one agent, and the sums that are about this agent only.</summary>
    private sealed class Shelf
    {
        public Dictionary<PaymentFacts, PaymentKind> Kinds { get; } = new(new PaymentKind.Comparer());

        public List<ScopeWatcher> Own { get; } = [];

        public void Show(ScopeWatcher watcher, long earliest)
        {
            foreach (var kind in Kinds.Values)
            {
                kind.Show(watcher, earliest);
            }
        }
    }
}
