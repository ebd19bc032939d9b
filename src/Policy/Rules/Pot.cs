using System.Diagnostics;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Rules;

/// <summary>
/// What one owner (an agent, a group, a merchant, the organization) may spend: a set of payments and the limits on it. A payment belongs by what
/// was recorded of it <i>or</i> by what the policy says of it now, so renaming and regrouping hand out nothing fresh.
/// </summary>
internal sealed class Pot
{
    private const string All = "*";

    private readonly BudgetOwner _owner;
    private readonly string _key;
    private readonly Func<PaymentFacts, bool> _matches;
    private readonly HostMap _hosts;
    private readonly LimitRule[] _payments;
    private readonly BudgetLine[] _lines;
    private readonly EachLimits[] _each;
    private readonly (Selector Selector, LimitRule[] Payments, BudgetLine[] Lines)[] _narrow;

    private Pot(BudgetOwner owner, string key, Func<PaymentFacts, bool> matches, LimitSet limits, HostMap hosts)
    {
        (_owner, _key, _matches, _hosts) = (owner, key, matches, hosts);
        _payments = Payments(limits.Own);
        _lines = Lines(limits.Own, Scope(key, matches));
        _each = [.. limits.Each];
        _narrow = [.. limits.In.Select(narrow => (narrow.Selector, Payments(narrow.Limits), Lines(narrow.Limits, Narrow(narrow.Selector))))];
    }

    public static Pot OfOrganization(LimitSet limits, HostMap hosts) => new(BudgetOwner.Organization, All, static _ => true, limits, hosts);

    public static Pot OfAgent(AgentId agent, LimitSet limits, HostMap hosts) => new(BudgetOwner.Agent(agent), $"agent={agent}", facts => facts.Agent == agent, limits, hosts);

    /// <summary><paramref name="groupOf"/> tells the group that an agent is in now.</summary>
    public static Pot OfGroup(string group, Func<AgentId, string?> groupOf, LimitSet limits, HostMap hosts) =>
        new(BudgetOwner.Group(group), $"group={group}", facts => facts.Group == group || groupOf(facts.Agent) == group, limits, hosts);

    public static Pot OfMerchant(string merchant, LimitSet limits, HostMap hosts) =>
        new(BudgetOwner.Merchant(merchant), $"merchant={merchant}", facts => IsMerchant(facts, merchant, hosts), limits, hosts);

    /// <summary>Lines that every payment from this pot draws on.</summary>
    public IReadOnlyList<BudgetLine> OwnLines => _lines;

    /// <summary>Adds every line that a payment at <paramref name="site"/> draws on.</summary>
    public void AddLines(in Site site, List<BudgetLine> lines)
    {
        lines.AddRange(_lines);
        foreach (var (selector, _, narrow) in _narrow)
        {
            if (Selects(selector, site))
            {
                lines.AddRange(narrow);
            }
        }

        foreach (var each in _each)
        {
            lines.AddRange(Lines(each.Limits, NarrowToMerchant(site.Merchant?.Name)));
        }
    }

    /// <summary>The lowest limit on a single payment at <paramref name="site"/>, if it is lower than <paramref name="lowest"/>.</summary>
    public LimitRule? LowestPayment(in Site site, LimitRule? lowest)
    {
        lowest = Lowest(_payments, lowest);
        foreach (var each in _each)
        {
            lowest = Lowest(each.Limits, lowest);
        }

        foreach (var (selector, payments, _) in _narrow)
        {
            lowest = Selects(selector, site) ? Lowest(payments, lowest) : lowest;
        }

        return lowest;
    }

    private static LimitRule? Lowest(IReadOnlyList<LimitRule> rules, LimitRule? lowest)
    {
        foreach (var rule in rules)
        {
            if (rule.Window is null && (lowest is null || rule.Limit.Units < lowest.Limit.Units))
            {
                lowest = rule;
            }
        }

        return lowest;
    }

    private static LimitRule[] Payments(IReadOnlyList<LimitRule> limits) => [.. limits.Where(limit => limit.Window is null)];

    private BudgetLine[] Lines(IReadOnlyList<LimitRule> limits, SpendScope scope) =>
        [.. limits.Where(limit => limit.Window is not null).Select(limit => new BudgetLine(limit.Id, _owner, scope, limit.Window!, limit.Limit))];

    private static bool Selects(Selector selector, in Site site) => selector switch
    {
        Selector.Merchant merchant => site.Merchant?.Name == merchant.Name,
        Selector.Category category => site.Category == category.Name,
        Selector.Host host => host.Pattern.Matches(site.Target),
        _ => throw new UnreachableException(),
    };

    private SpendScope Narrow(Selector selector) => selector switch
    {
        Selector.Merchant merchant => NarrowToMerchant(merchant.Name),
        Selector.Category category => NarrowTo($"category={category.Name}", facts => facts.Category == category.Name || _hosts.Locate(facts.Origin).Category == category.Name),
        Selector.Host host => NarrowTo($"host={host.Pattern}", facts => host.Pattern.Matches(Target.Of(facts.Origin))),
        _ => throw new UnreachableException(),
    };

    // All hosts without a merchant share the counter `?`, so that a seller can't hand out budget by hiding behind new names.
    private SpendScope NarrowToMerchant(string? merchant) =>
        NarrowTo($"merchant={merchant ?? "?"}", facts => IsMerchant(facts, merchant, _hosts));

    private SpendScope NarrowTo(string narrower, Func<PaymentFacts, bool> matches)
    {
        var wider = _matches;
        return Scope(_key == All ? narrower : $"{_key}&{narrower}", facts => wider(facts) && matches(facts));
    }

    private SpendScope Scope(string key, Func<PaymentFacts, bool> matches) =>
        new(key, matches) { Agent = _owner.Kind == BudgetOwnerKind.Agent ? new AgentId(_owner.Name) : null };

    // INVARIANT: recorded or now. With only one of them, an edit of the file would hand out a fresh budget.
    private static bool IsMerchant(PaymentFacts facts, string? merchant, HostMap hosts) =>
        facts.Merchant == merchant || hosts.Locate(facts.Origin).Merchant?.Name == merchant;
}
