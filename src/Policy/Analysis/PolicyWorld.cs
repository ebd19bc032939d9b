using System.Numerics;
using SmartProxy.Policy.Rules;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Analysis;

/// <summary>One limit over one set of payments.</summary>
/// <param name="Line">As the policy gives it to the books.</param>
/// <param name="Agent">The agent whose own pot it is; null for shared pots.</param>
/// <param name="Site">The place whose merchant it is particular to; null where it is not.</param>
/// <param name="Recipients">How many recipients there may be that have it each for themselves; 1 where it is not by recipient.</param>
internal sealed record WorldRow(BudgetLine Line, AgentSample? Agent, SiteSample? Site, int Recipients);

/// <summary>Payments that no rule tells apart: one agent at one place to one recipient with one token.</summary>
/// <param name="Agent">Who.</param>
/// <param name="Site">Where.</param>
/// <param name="Token">With what.</param>
/// <param name="Recipient">To whom.</param>
/// <param name="Verdict">What the policy says to it; null where the world is too large to ask.</param>
/// <param name="Most">The most that one payment can be; null for no limit.</param>
/// <param name="Rows">The limits that it draws on.</param>
internal sealed record Atom(AgentSample Agent, SiteSample Site, Asset Token, EvmAddress Recipient, Verdict.Allowed? Verdict, UInt128? Most, IReadOnlyList<int> Rows)
{
    /// <summary>When it was asked: a time at which the schedule lets it.</summary>
    public DateTimeOffset OpenAt { get; init; } = PolicyWorld.SomeMonday;

    /// <summary>Whether every whole micro-dollar can be paid with the token.</summary>
    public bool IsFine => (BigInteger)Token.UsdPerToken.Micros <= BigInteger.Pow(10, Token.Decimals);
}

/// <summary>Everything that a policy lets anyone pay, as atoms, by asking the very evaluator that decides.</summary>
internal sealed class PolicyWorld
{
    /// <summary>With more pairs of agents and places than this, only the limits that all of an owner's payments share are counted.</summary>
    public const int MaxPairs = 20_000;

    // A Monday; where the schedule is closed then, the evaluator says when it opens.
    public static readonly DateTimeOffset SomeMonday = new(2026, 1, 5, 12, 0, 0, TimeSpan.Zero);

    private static readonly EvmAddress[] Strangers =
    [
        EvmAddress.Parse("0x000000000000000000000000000000000000a11c"), EvmAddress.Parse("0x000000000000000000000000000000000000b0b0"), EvmAddress.Parse("0x000000000000000000000000000000000000c0de"),
    ];

    private readonly PolicySet _policy;
    private readonly PolicyEvaluator _evaluator;
    private readonly Dictionary<(string Id, string Scope, string Window), int> _rowNumbers = [];
    private readonly List<WorldRow> _rows = [];
    private readonly bool _byRecipient;
    private readonly bool _byToken;

    /// <param name="policy">The policy.</param>
    /// <param name="samples">Who and where.</param>
    /// <param name="isWhole">Whether every token and every recipient is looked at, not only those that limits tell apart.</param>
    public PolicyWorld(PolicySet policy, Representatives samples, bool isWhole = false)
    {
        (_policy, _evaluator, Samples) = (policy, new PolicyEvaluator(policy), samples);
        var limits = Representatives.Limits(policy).ToList();
        _byRecipient = isWhole || limits.Any(l => l.Each.Any(e => e.By == EachBy.Recipient));
        _byToken = isWhole || limits.Any(l => l.In.Any(n => n.Selector.ToString() is { } s && (s.StartsWith("network:", StringComparison.Ordinal) || s.StartsWith("asset:", StringComparison.Ordinal))));
        IsWhole = (long)samples.Agents.Count * samples.Sites.Count <= MaxPairs;
        Atoms = IsWhole ? [.. samples.Agents.SelectMany(agent => samples.Sites.SelectMany(site => AtomsOf(agent, site)))] : [.. samples.Agents.SelectMany(Shared)];
    }

    public Representatives Samples { get; }

    /// <summary>False where it was too large to be looked at.</summary>
    public bool IsWhole { get; }

    public IReadOnlyList<Atom> Atoms { get; }

    public IReadOnlyList<WorldRow> Rows => _rows;

    /// <summary>Whether somebody stands for anyone at all.</summary>
    public static bool IsStranger(EvmAddress recipient) => Strangers.Contains(recipient);

    /// <summary>All that is paid to a merchant, as one atom that only the merchant's own limits hold.</summary>
    public Atom SharedAt(string merchant)
    {
        var site = new SiteSample(default, "GET", "/", [merchant], merchant);
        var rule = _policy.Merchants.First(m => m.Name == merchant);
        return Coarse(new AgentSample(default, [], IsMany: true), site, _policy.MerchantPot(rule)!.OwnLines, rule.Limits);
    }

    // What all payments of an agent have in common.
    private IEnumerable<Atom> Shared(AgentSample agent) => _policy.Agents.Find(agent.Id) is { } rule && rule.Allow.Texts.Count > 0
        ? [Coarse(agent, new SiteSample(default, "GET", "/", [], Representatives.OtherHosts), _policy.LinesOf(agent.Id), rule.Limits)]
        : [];

    private Atom Coarse(AgentSample agent, SiteSample site, IReadOnlyList<BudgetLine> lines, LimitSet limits)
    {
        var dollars = lines.Where(l => l.Limit.Measure == SpendMeasure.Dollars).Select(l => l.Limit.Units).Concat(limits.Own.Where(l => l.Window is null).Select(l => l.Limit.Units)).ToList();
        var token = _policy.Registry.Assets[0] with { UsdPerToken = new Usd(1) };
        return new Atom(agent, site, token, Strangers[0], null, dollars.Count == 0 ? null : dollars.Min(), [.. lines.Select(l => Number(l, agent, site, Strangers[0], isStranger: false))]);
    }

    private IEnumerable<Atom> AtomsOf(AgentSample agent, SiteSample site)
    {
        if (_policy.Agents.Find(agent.Id) is not { } rule)
        {
            yield break;
        }

        var place = _policy.Hosts.Locate(site.Origin);
        var recipients = (place.Merchant?.Recipients ?? rule.Recipients) is { Rule: RecipientRule.Listed } listed ? listed.Listed.ToArray() : Strangers;
        var isStranger = ReferenceEquals(recipients, Strangers);
        foreach (var token in _policy.Registry.Assets.Where(a => rule.Networks.Contains(a.Chain) && rule.Assets.Contains(a.Symbol)))
        {
            var found = false;
            foreach (var recipient in recipients)
            {
                if (AtomOf(agent, site, token, recipient, isStranger) is { } atom)
                {
                    found = true;
                    yield return atom;
                    if (isStranger || !_byRecipient)
                    {
                        break;
                    }
                }
            }

            if (found && !_byToken)
            {
                yield break;
            }
        }
    }

    private Atom? AtomOf(AgentSample agent, SiteSample site, Asset token, EvmAddress recipient, bool isStranger)
    {
        // First a price that is over any limit on one payment: the refusal tells the limit.
        var at = SomeMonday;
        var most = Judge(agent, site, token, recipient, (BigInteger)UInt128.MaxValue, at);
        if (most is Verdict.Denied { Reason: DenyReason.OutsideSchedule, OpensAt: { } opens })
        {
            at = opens;
            most = Judge(agent, site, token, recipient, (BigInteger)UInt128.MaxValue, at);
        }

        var (allowed, limit) = most switch
        {
            Verdict.Allowed all => (all, null),
            Verdict.Denied { Reason: DenyReason.AmountOverPaymentLimit } over => (Judge(agent, site, token, recipient, BigInteger.One, at) as Verdict.Allowed, over.Limit?.Micros),
            _ => (null, (UInt128?)null),
        };
        if (allowed is null || allowed.Lines.Any(l => l.Limit.Units == 0))
        {
            return null;
        }

        foreach (var line in allowed.Lines.Where(l => l.Limit.Measure == SpendMeasure.Dollars))
        {
            limit = limit is { } known && known <= line.Limit.Units ? known : line.Limit.Units;
        }

        return limit is { } cap && cap < token.ToUsd(new TokenAmount(1)).Micros
            ? null
            : new Atom(agent, site, token, recipient, allowed, limit, [.. allowed.Lines.Select(l => Number(l, agent, site, recipient, isStranger)).Distinct()]) { OpenAt = at };
    }

    private int Number(BudgetLine line, AgentSample agent, SiteSample site, EvmAddress recipient, bool isStranger)
    {
        var key = (line.Id, line.Scope.Key, line.Window.ToString()!);
        if (_rowNumbers.TryGetValue(key, out var known))
        {
            return known;
        }

        var parts = line.Scope.Key.Split('&');
        var ofMerchant = line.Owner.Kind == BudgetOwnerKind.Merchant || site.Merchants.Any(m => parts.Contains($"merchant={m}"));
        var ofStranger = isStranger && parts.Any(p => p.Contains(recipient.ToString(), StringComparison.OrdinalIgnoreCase));
        _rows.Add(new WorldRow(line, line.Owner.Kind == BudgetOwnerKind.Agent ? agent : null, ofMerchant ? site : null, ofStranger ? EachLimits.MaxRecipients : 1));
        _rowNumbers.Add(key, _rows.Count - 1);
        return _rows.Count - 1;
    }

    private Verdict Judge(AgentSample agent, SiteSample site, Asset token, EvmAddress recipient, BigInteger amount, DateTimeOffset at) => _evaluator.Judge(
        new PaymentQuestion(agent.Id, site.Method, IsUpgrade: false, site.Origin, Offer(token, recipient, amount)) { Path = site.Path, At = at });

    private static PaymentOffer Offer(Asset asset, EvmAddress payTo, BigInteger amount) => new()
    {
        Rail = "x402",
        Version = 2,
        Index = 0,
        Scheme = "exact",
        Network = asset.Chain,
        NetworkText = asset.Chain.ToString(),
        Amount = amount,
        Asset = asset.Address,
        PayTo = payTo,
        MaxTimeoutSeconds = 60,
        DomainName = asset.DomainName,
        DomainVersion = asset.DomainVersion,
        Original = "{}",
    };
}
