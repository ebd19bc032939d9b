using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>
/// Room beyond the limits, given by people. A payment that a dollar limit has no room for may use what is left of the grants to that limit's owner;
/// the one that ends first goes first. What is left never goes below zero.
/// </summary>
internal sealed class GrantBook
{
    /// <summary>The most grants that may be in force at once.</summary>
    public const int MaxLive = 1000;

    private readonly Dictionary<PaymentId, Grant> _grants = [];
    private readonly List<Grant> _live = [];

    /// <summary>What is left for payments of one owner to one merchant.</summary>
    public Usd Left(BudgetOwner owner, string? merchant, DateTimeOffset now) =>
        _live.Count == 0 ? Usd.Zero : Of(owner, merchant, now).Aggregate(Usd.Zero, (sum, grant) => sum.Plus(grant.Left));

    /// <summary>When the first grant of all ends; null when none is in force.</summary>
    public DateTimeOffset? FirstEnd(DateTimeOffset now) => _live.Find(grant => grant.IsLive(now))?.ExpiresAt;

    /// <summary>Which grants <paramref name="excess"/> uses, and how much of each. There must be as much left.</summary>
    public void Charge(BudgetOwner owner, string? merchant, Usd excess, DateTimeOffset now, List<GrantUse> uses)
    {
        foreach (var grant in Of(owner, merchant, now))
        {
            var use = excess < grant.Left ? excess : grant.Left;
            if (use > Usd.Zero)
            {
                uses.Add(new GrantUse(grant.Event.Grant, use));
                excess = excess.Less(use);
            }
        }
    }

    public string? ObjectionTo(LedgerEvent.Granted granted, DateTimeOffset now) =>
        _grants.ContainsKey(granted.Grant) ? $"the grant `{granted.Grant}` was given already"
        : granted.Amount == Usd.Zero || granted.Amount >= BudgetLedger.ValueCeiling ? $"the grant `{granted.Grant}` is of no amount that can be used"
        : _live.Count(grant => grant.IsLive(now)) >= MaxLive ? $"{MaxLive} grants are in force, and there may not be more: revoke some"
        : null;

    public string? ObjectionTo(LedgerEvent.GrantRevoked revoked) =>
        !_grants.TryGetValue(revoked.Grant, out var grant) ? $"the grant `{revoked.Grant}` was never given"
        : grant.IsRevoked ? $"the grant `{revoked.Grant}` was revoked before"
        : null;

    /// <summary>Whether a reservation may use so much of these grants.</summary>
    public string? ObjectionTo(JournalEntry.Reserved entry)
    {
        for (var i = 0; i < entry.Grants.Count; i++)
        {
            var use = entry.Grants[i];
            var objection = !_grants.TryGetValue(use.Grant, out var grant) || grant.IsRevoked ? "which is not in force"
                : use.Amount > grant.Left ? "of which less is left"
                : entry.Grants.Take(i).Any(other => other.Grant == use.Grant) ? "twice"
                : null;
            if (objection is not null)
            {
                return $"payment `{entry.Id}` uses the grant `{use.Grant}`, {objection}";
            }
        }

        return null;
    }

    public void Add(LedgerEvent.Granted granted, DateTimeOffset at)
    {
        var grant = new Grant(granted);
        _grants.Add(granted.Grant, grant);
        _live.RemoveAll(other => !other.IsLive(at));
        var place = _live.FindIndex(other => other.ExpiresAt > grant.ExpiresAt);
        _live.Insert(place < 0 ? _live.Count : place, grant);
    }

    public void Revoke(PaymentId id)
    {
        _grants[id].IsRevoked = true;
        _live.Remove(_grants[id]);
    }

    public void Use(IReadOnlyList<GrantUse> uses)
    {
        foreach (var use in uses)
        {
            _grants[use.Grant].Used = _grants[use.Grant].Used.Plus(use.Amount);
        }
    }

    /// <summary>The payment was called off: it used nothing.</summary>
    public void GiveBack(IReadOnlyList<GrantUse> uses)
    {
        foreach (var use in uses)
        {
            _grants[use.Grant].Used = _grants[use.Grant].Used.Less(use.Amount);
        }
    }

    /// <summary>The grants in force, the first to end first, then those that have ended, the latest first.</summary>
    public IReadOnlyList<GrantView> Views(DateTimeOffset now, int limit)
    {
        var grants = _grants.Values.ToLookup(grant => grant.IsLive(now));
        var views = grants[true].OrderBy(grant => grant.ExpiresAt).Concat(grants[false].OrderByDescending(grant => grant.ExpiresAt)).Take(limit);
        return [.. views.Select(grant => new GrantView(grant.Event, grant.Used, grant.IsRevoked, now >= grant.ExpiresAt))];
    }

    private IEnumerable<Grant> Of(BudgetOwner owner, string? merchant, DateTimeOffset now) =>
        _live.Where(grant => grant.Event.Owner == owner && (grant.Event.Merchant is null || grant.Event.Merchant == merchant) && grant.IsLive(now));

    private sealed class Grant(LedgerEvent.Granted granted)
    {
        public LedgerEvent.Granted Event { get; } = granted with { ExpiresAt = BudgetLedger.Whole(granted.ExpiresAt) };

        public DateTimeOffset ExpiresAt => Event.ExpiresAt;

        public Usd Used { get; set; }

        public bool IsRevoked { get; set; }

        public Usd Left => Event.Amount.Less(Used);

        public bool IsLive(DateTimeOffset now) => !IsRevoked && now < ExpiresAt;
    }
}
