using SmartProxy.Protocol;

namespace SmartProxy.Policy.Rules;

/// <summary>
/// What one owner (an agent, a group, a merchant, the organization) may spend: a set of payments and the limits on it. A payment belongs by what
/// was recorded of it <i>or</i> by what the policy says of it now, so renaming and regrouping hand out nothing fresh.
/// </summary>
internal sealed class Pot
{
    private readonly BudgetOwner _owner;
    private readonly SpendScope _scope;
    private readonly SpendScopes _scopes;
    private readonly LimitRule[] _payments;
    private readonly BudgetLine[] _lines;
    private readonly (EachBy By, LimitRule[] Payments, IReadOnlyList<LimitRule> Limits)[] _each;
    private readonly (Selector Selector, LimitRule[] Payments, BudgetLine[] Lines)[] _narrow;

    private Pot(BudgetOwner owner, SpendScope scope, LimitSet limits, SpendScopes scopes)
    {
        (_owner, _scope, _scopes) = (owner, scope, scopes);
        _payments = Payments(limits.Own);
        _lines = [.. Lines(limits.Own, scope), .. limits.Each.Where(e => e.By == EachBy.Recipient).Select(CapOf)];
        _each = [.. limits.Each.Select(each => (each.By, Payments(each.Limits), each.Limits))];
        _narrow = [.. limits.In.Select(narrow => (narrow.Selector, Payments(narrow.Limits), Lines(narrow.Limits, scopes.Narrow(scope, narrow.Selector))))];
    }

    public static Pot OfOrganization(LimitSet limits, SpendScopes scopes) => new(BudgetOwner.Organization, SpendScopes.Everything, limits, scopes);

    public static Pot OfAgent(AgentId agent, LimitSet limits, SpendScopes scopes) => new(BudgetOwner.Agent(agent), SpendScopes.OfAgent(agent), limits, scopes);

    /// <summary><paramref name="groupOf"/> tells the group that an agent is in now.</summary>
    public static Pot OfGroup(string group, Func<AgentId, string?> groupOf, LimitSet limits, SpendScopes scopes) =>
        new(BudgetOwner.Group(group), new SpendScope($"group={group}", facts => facts.Group == group || groupOf(facts.Agent) == group), limits, scopes);

    public static Pot OfMerchant(string merchant, LimitSet limits, SpendScopes scopes) =>
        new(BudgetOwner.Merchant(merchant), scopes.OfMerchant(merchant), limits, scopes);

    /// <summary>Lines that every payment from this pot draws on.</summary>
    public IReadOnlyList<BudgetLine> OwnLines => _lines;

    /// <summary>Adds every line that <paramref name="purchase"/> draws on.</summary>
    public void AddLines(in Purchase purchase, List<BudgetLine> lines)
    {
        lines.AddRange(_lines);
        foreach (var (selector, _, narrow) in _narrow)
        {
            if (purchase.IsIn(selector))
            {
                lines.AddRange(narrow);
            }
        }

        foreach (var (by, _, limits) in _each)
        {
            AddLines(limits, _scopes.OfEach(_scope, by, purchase), lines);
        }
    }

    /// <summary>The lowest limit on a single payment for <paramref name="purchase"/>, if it is lower than <paramref name="lowest"/>.</summary>
    public LimitRule? LowestPayment(in Purchase purchase, LimitRule? lowest)
    {
        lowest = Lowest(_payments, lowest);
        foreach (var (_, payments, _) in _each)
        {
            lowest = Lowest(payments, lowest);
        }

        foreach (var (selector, payments, _) in _narrow)
        {
            lowest = payments.Length > 0 && purchase.IsIn(selector) ? Lowest(payments, lowest) : lowest;
        }

        return lowest;
    }

    private static LimitRule? Lowest(LimitRule[] rules, LimitRule? lowest)
    {
        foreach (var rule in rules)
        {
            if (lowest is null || rule.Limit.Units < lowest.Limit.Units)
            {
                lowest = rule;
            }
        }

        return lowest;
    }

    private static LimitRule[] Payments(IReadOnlyList<LimitRule> limits) => [.. limits.Where(limit => limit.Window is null)];

    private BudgetLine[] Lines(IReadOnlyList<LimitRule> limits, SpendScope scope)
    {
        var lines = new List<BudgetLine>();
        AddLines(limits, scope, lines);
        return [.. lines];
    }

    private void AddLines(IReadOnlyList<LimitRule> limits, SpendScope scope, List<BudgetLine> lines)
    {
        foreach (var limit in limits)
        {
            if (limit.Window is { } window)
            {
                lines.Add(new BudgetLine(limit.Id, _owner, scope, window, limit.Limit));
            }
        }
    }

    // A counter for every recipient is bounded: a seller that makes up new ones gets no further.
    private BudgetLine CapOf(EachLimits each) => new(each.Words, _owner, _scope, new SpendWindow.Total(), new Quantity(SpendMeasure.Recipients, EachLimits.MaxRecipients));
}
