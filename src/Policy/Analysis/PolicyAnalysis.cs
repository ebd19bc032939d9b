using System.Globalization;
using SmartProxy.Policy.Rules;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Analysis;

/// <summary>
/// The most that can newly be signed under a policy: by every agent entry (one agent of it), in every group, at every merchant and over everything,
/// whatever sellers offer and agents ask for. Schedules, approvals and the guards only take away and are left out; a pattern stands for endlessly many agents.
/// </summary>
public sealed class PolicyAnalysis
{
    private readonly WorstCaseSolver _solver;
    private readonly Dictionary<(string Subject, WorstPeriod Period), WorstFigure> _figures = [];
    private readonly ILookup<AgentSample, Atom> _byAgent;
    private readonly ILookup<string, Atom> _byGroup;
    private readonly Dictionary<string, List<Atom>> _byMerchant = [];
    private readonly Dictionary<string, List<SiteSample>> _places = [];

    private PolicyAnalysis(PolicySet policy, PolicyWorld world)
    {
        (Policy, World, _solver) = (policy, world, new WorstCaseSolver(world));
        _byAgent = world.Atoms.ToLookup(a => a.Agent);
        _byGroup = world.Atoms.ToLookup(a => policy.Agents.Find(a.Agent.Id)?.Group ?? "");
        foreach (var atom in world.Atoms)
        {
            foreach (var merchant in atom.Site.Merchants)
            {
                (_byMerchant.TryGetValue(merchant, out var list) ? list : _byMerchant[merchant] = []).Add(atom);
            }
        }

        foreach (var site in world.Samples.Sites)
        {
            foreach (var merchant in site.Merchants)
            {
                (_places.TryGetValue(merchant, out var list) ? list : _places[merchant] = []).Add(site);
            }
        }

        Subjects =
        [
            .. policy.Agents.Rules.Select(r => $"agent:{r.Pattern}"), .. policy.Groups.Select(g => $"group:{g.Name}"), .. policy.Merchants.Select(m => $"merchant:{m.Name}"),
            BudgetOwner.Organization.ToString(),
        ];
    }

    /// <summary>Every owner, in the order of the file: <c>agent:r-*</c>, <c>group:lab</c>, <c>merchant:exa</c>, <c>organization</c>.</summary>
    public IReadOnlyList<string> Subjects { get; }

    /// <summary>Why <see cref="Places"/> is empty although somebody may pay, in words; null where every pair of agent and place was looked at.</summary>
    public string? TooLarge => World.IsWhole ? null : string.Create(
        CultureInfo.InvariantCulture, $"the policy tells {World.Samples.Agents.Count} agents and {World.Samples.Sites.Count} places apart, and at most {PolicyWorld.MaxPairs} pairs of them are looked at");

    /// <summary>Everywhere that anyone may pay, once for each entry of <c>agents</c>; empty where the policy is <see cref="TooLarge"/>.</summary>
    public IEnumerable<PayablePlace> Places => World.Atoms
        .Where(atom => atom.Verdict is not null)
        .SelectMany(atom => atom.Agent.Entries.Select(entry => new PayablePlace(
            entry, atom.Agent.IsMany ? atom.Agent.Id : new AgentId(entry), atom.Agent.IsMany, atom.Site.Label, atom.Site.Origin, atom.Site.Method, atom.Site.Path, atom.Token, atom.Recipient,
            PolicyWorld.IsStranger(atom.Recipient), atom.Verdict!.Wallet, atom.OpenAt)));

    internal PolicySet Policy { get; }

    internal PolicyWorld World { get; }

    internal WorstCaseSolver Solver => _solver;

    public static PolicyAnalysis Of(PolicySet policy) => Of(policy, []);

    /// <summary>Also tells apart what these selectors tell apart.</summary>
    internal static PolicyAnalysis Of(PolicySet policy, IReadOnlyList<Selector> selectors) => new(policy, new PolicyWorld(policy, Representatives.Of([policy], selectors)));

    /// <summary>The analyses of two policies over one world, so that they can be compared.</summary>
    internal static (PolicyAnalysis Old, PolicyAnalysis New) OfBoth(PolicySet old, PolicySet now)
    {
        var samples = Representatives.Of([old, now], []);
        return (new PolicyAnalysis(old, new PolicyWorld(old, samples)), new PolicyAnalysis(now, new PolicyWorld(now, samples)));
    }

    /// <summary>An owner's figures for these periods.</summary>
    public WorstCase Of(string subject, params IReadOnlyList<WorstPeriod> periods) => new(subject, periods.ToDictionary(p => p, p => Figure(subject, p)));

    /// <summary>One figure; nothing for an owner that the policy does not have.</summary>
    public WorstFigure Figure(string subject, WorstPeriod period)
    {
        var colon = subject.IndexOf(':', StringComparison.Ordinal);
        var (kind, name) = colon < 0 ? (subject, "") : (subject[..colon], subject[(colon + 1)..]);
        var sample = kind == "agent" ? World.Samples.Agents.FirstOrDefault(a => a.Entries.Contains(name)) : null;

        // Agents that no rule tells apart have one answer; so have merchants.
        var key = sample is not null ? $"agent:{sample.Id}" : kind == "merchant" && World.IsWhole && _places.GetValueOrDefault(name) is { Count: 1 } place ? $"place:{place[0].Merchants[0]}" : subject;
        if (!_figures.TryGetValue((key, period), out var figure))
        {
            var (atoms, focus) = AtomsOf(kind, name, sample);
            figure = _solver.Most(atoms, period, focus);
            _figures.Add((key, period), figure);
        }

        return figure;
    }

    /// <summary>The payments that an owner's limits are about.</summary>
    internal (IReadOnlyList<Atom> Atoms, Focus Focus) AtomsOf(string kind, string name, AgentSample? sample) => kind switch
    {
        "agent" => (sample is null ? [] : [.. _byAgent[sample]], new Focus(OneAgent: true)),
        "group" => ([.. _byGroup[name]], default),
        "merchant" when !World.IsWhole && Policy.Merchants.Any(m => m.Name == name) => ([World.SharedAt(name)], new Focus(OneMerchant: true)),
        "merchant" => (_byMerchant.GetValueOrDefault(name) ?? [], new Focus(OneMerchant: true)),
        _ => (World.Atoms, default),
    };
}
