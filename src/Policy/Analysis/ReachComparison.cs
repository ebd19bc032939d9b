using System.Globalization;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Analysis;

/// <summary>Who may pay whom under two policies, and with what: by agent entry, place, network, token and recipient.</summary>
internal sealed class ReachComparison
{
    private const int MostNames = 12;

    private readonly List<(IReadOnlyList<string> Agents, string Words, bool Widens)> _changes = [];
    private readonly SortedSet<string> _withoutPin = new(StringComparer.Ordinal);
    private bool _hasNewcomers;

    public ReachComparison(PolicySet old, PolicySet now, Representatives samples)
    {
        var before = new PolicyWorld(old, samples, isWhole: true);
        var after = new PolicyWorld(now, samples, isWhole: true);
        if (!before.IsWhole || !after.IsWhole)
        {
            _changes.Add((["everyone"], "too many agents and places to compare who may pay whom", true));
            return;
        }

        var oldAtoms = before.Atoms.ToLookup(a => a.Agent.Id);
        var newAtoms = after.Atoms.ToLookup(a => a.Agent.Id);
        foreach (var agent in samples.Agents)
        {
            Compare(agent, [.. oldAtoms[agent.Id]], [.. newAtoms[agent.Id]]);
        }
    }

    /// <summary><c>r-12: may newly pay exa</c>; equal ones said once.</summary>
    public IReadOnlyList<string> Sentences =>
        [.. _changes.GroupBy(c => c.Words, c => c.Agents).Select(same => $"{List([.. same.SelectMany(a => a).Distinct()])}: {same.Key}")];

    public IEnumerable<string> Widenings => _changes.Where(c => c.Widens).Select(c => $"{List(c.Agents)}: {c.Words}");

    public string Newcomers => (_hasNewcomers, _withoutPin.Count) switch
    {
        (false, _) => "nobody new can be paid",
        (true, 0) => "nobody new can be paid without a pin",
        _ => $"newly paid without a pin: {List([.. _withoutPin])}",
    };

    private void Compare(AgentSample agent, List<Atom> old, List<Atom> now)
    {
        var (oldPlaces, newPlaces) = (ByPlace(old), ByPlace(now));
        var gained = newPlaces.Where(p => !oldPlaces.ContainsKey(p.Key)).ToList();
        Say(agent, "may newly pay", gained.Select(p => p.Key.Label), widens: true);
        Say(agent, "may no longer pay", oldPlaces.Where(p => !newPlaces.ContainsKey(p.Key)).Select(p => p.Key.Label), widens: false);
        foreach (var (place, atoms) in gained)
        {
            Welcome(place, atoms);
        }

        var both = newPlaces.Where(p => oldPlaces.ContainsKey(p.Key)).ToList();
        foreach (var change in both.SelectMany(p => Recipients(p.Key, oldPlaces[p.Key], p.Value)).GroupBy(c => c.Words, c => c))
        {
            _changes.Add((agent.Entries, $"{change.Key} at {List([.. change.Select(c => c.Place.Label).Distinct()])}", change.First().Widens));
        }

        Tokens(agent, both.Select(p => (oldPlaces[p.Key], p.Value)).ToList(), a => NetworkNames.ShortNameOf(a.Token.Chain), "on");
        Tokens(agent, both.Select(p => (oldPlaces[p.Key], p.Value)).ToList(), a => a.Token.Symbol, "with");
    }

    private static Dictionary<SiteSample, List<Atom>> ByPlace(List<Atom> atoms) => atoms.GroupBy(a => a.Site).ToDictionary(g => g.Key, g => g.ToList());

    // A pin takes in whoever comes first; so does `any`, and whoever comes after.
    private IEnumerable<(SiteSample Place, string Words, bool Widens)> Recipients(SiteSample place, List<Atom> old, List<Atom> now)
    {
        var (before, after) = (RuleOf(old), RuleOf(now));
        if (before == RecipientRule.Listed && after == RecipientRule.Listed)
        {
            var (was, becomes) = (old.Select(a => a.Recipient).ToHashSet(), now.Select(a => a.Recipient).ToHashSet());
            foreach (var recipient in becomes.Except(was))
            {
                Welcome(place, now);
                yield return (place, $"may newly pay the recipient {recipient}", true);
            }

            foreach (var recipient in was.Except(becomes))
            {
                yield return (place, $"may no longer pay the recipient {recipient}", false);
            }
        }
        else if (before != after)
        {
            var widens = before == RecipientRule.Listed || after == RecipientRule.Any;
            if (widens)
            {
                Welcome(place, now);
            }

            yield return (place, $"recipients {Word(before)} -> {Word(after)}", widens);
        }
    }

    private void Tokens(AgentSample agent, List<(List<Atom> Old, List<Atom> New)> places, Func<Atom, string> name, string preposition)
    {
        var gained = places.SelectMany(p => p.New.Select(name).Except(p.Old.Select(name))).Distinct();
        var lost = places.SelectMany(p => p.Old.Select(name).Except(p.New.Select(name))).Distinct();
        Say(agent, $"may newly pay {preposition}", gained, widens: true);
        Say(agent, $"may no longer pay {preposition}", lost, widens: false);
    }

    private void Welcome(SiteSample place, List<Atom> atoms)
    {
        _hasNewcomers = true;
        if (RuleOf(atoms) is not RecipientRule.Pin and var rule)
        {
            _withoutPin.Add($"{place.Label} ({Word(rule)})");
        }
    }

    private void Say(AgentSample agent, string what, IEnumerable<string> names, bool widens)
    {
        var sorted = names.Distinct().ToList();
        if (sorted.Count > 0)
        {
            _changes.Add((agent.Entries, $"{what} {List(sorted)}", widens));
        }
    }

    private static RecipientRule RuleOf(List<Atom> atoms) => atoms[0].Verdict!.Recipient;

    private static string Word(RecipientRule rule) => rule switch
    {
        RecipientRule.Listed => "listed",
        RecipientRule.Pin => "pin",
        RecipientRule.Any => "any",
    };

    private static string List(IReadOnlyList<string> names)
    {
        var shown = string.Join(", ", names.Take(MostNames));
        return names.Count <= MostNames ? shown : string.Create(CultureInfo.InvariantCulture, $"{shown} and {names.Count - MostNames} more");
    }
}
