using SmartProxy.Protocol;

namespace SmartProxy.Ledger.Tests;

/// <summary>What the policy of a random history says at one time: limits of every kind, on scopes that an edit redraws under the same keys.</summary>
internal sealed class RandomPolicy
{
    public static readonly string[] Agents = ["me", "you", "them"];
    private readonly Random _random;
    private readonly HashSet<string> _lab;
    private readonly string _exaHost;

    public RandomPolicy(Random random)
    {
        _random = random;
        _lab = [.. Agents.Where(_ => random.Next(2) == 0)];
        _exaHost = random.Next(2) == 0 ? "a.example" : "b.example";
        var zone = TimeZoneInfo.FindSystemTimeZoneById(random.Next(3) switch { 0 => "Europe/Berlin", 1 => "America/St_Johns", _ => "UTC" });
        SpendWindow[] windows =
        [
            new SpendWindow.Total(), new SpendWindow.UnderWay(), new SpendWindow.Rolling(TimeSpan.FromMinutes(5)), new SpendWindow.Rolling(TimeSpan.FromHours(24)),
            .. Enum.GetValues<CalendarPeriod>().Select(period => new SpendWindow.Calendar(period, zone)),
        ];
        Lines = [.. Scopes().SelectMany(pot => windows.Where(_ => random.Next(5) < 2).Select(window => Line(pot.Owner, pot.Scope, window)))];
    }

    public BudgetLine[] Lines { get; }

    public PaymentGuards Guards(PaymentFacts facts) => new(
        Approval: Chance(4) ? new ApprovalGuard("approval", Chance(2), Chance(2), Chance(2), Chance(2), TimeSpan.Zero, TimeSpan.FromMinutes(_random.Next(1, 90))) : null,
        PriceDrift: Chance(3) ? new PriceDriftGuard("drift", _random.Next(4) * 50) : null,
        Loop: Chance(3) ? new LoopGuard("loop", _random.Next(1, 4), TimeSpan.FromSeconds(_random.Next(1, 300))) : null,
        Breaker: Chance(3) ? new BreakerGuard("breaker", BreakerScope(facts), _random.Next(1, 4), TimeSpan.FromMinutes(_random.Next(1, 10))) : null);

    private IEnumerable<(BudgetOwner Owner, SpendScope Scope)> Scopes()
    {
        foreach (var name in Agents)
        {
            var agent = new AgentId(name);
            yield return (BudgetOwner.Agent(agent), new SpendScope($"agent={name}", facts => facts.Agent == agent) { Agent = agent });
            yield return (BudgetOwner.Agent(agent), new SpendScope($"agent={name}&endpoint", facts => facts.Agent == agent && facts.Path == "/1") { Agent = agent });
        }

        yield return (BudgetOwner.Group("lab"), new SpendScope("group=lab", facts => facts.Group == "lab" || _lab.Contains(facts.Agent.Value)));
        yield return (BudgetOwner.Merchant("exa"), new SpendScope("merchant=exa", IsExa));
        yield return (BudgetOwner.Organization, Books.Everyone);
    }

    private SpendScope BreakerScope(PaymentFacts facts) =>
        IsExa(facts) ? new SpendScope("merchant=exa", IsExa) : new SpendScope($"origin={facts.Origin}", other => other.Origin == facts.Origin);

    // Recorded or now, as in a policy.
    private bool IsExa(PaymentFacts facts) => facts.Merchant == "exa" || facts.Origin.Host.Value == _exaHost;

    private BudgetLine Line(BudgetOwner owner, SpendScope scope, SpendWindow window)
    {
        var measure = (SpendMeasure)_random.Next(3);
        var most = (measure, window) switch
        {
            (SpendMeasure.Dollars, SpendWindow.Total) => _random.Next(1_000_000, 100_000_000),
            (SpendMeasure.Dollars, _) => _random.Next(500_000, 10_000_000),
            (SpendMeasure.Payments, SpendWindow.UnderWay) => _random.Next(2, 30),
            (SpendMeasure.Payments, SpendWindow.Total) => _random.Next(50, 2000),
            (SpendMeasure.Payments, _) => _random.Next(5, 100),
            _ => _random.Next(1, 8),
        };
        return new BudgetLine($"{scope.Key} {measure} {window}", owner, scope, window, new Quantity(measure, (UInt128)most));
    }

    private bool Chance(int oneOf) => _random.Next(oneOf) == 0;
}
