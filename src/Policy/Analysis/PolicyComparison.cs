using SmartProxy.Policy.Words;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Analysis;

/// <summary>One owner's figures under two policies; a figure is null where one of them does not have the owner.</summary>
public sealed record WorstChange(string Subject, WorstPeriod Period, WorstFigure? Before, WorstFigure? After)
{
    public bool IsSame => Before?.Most == After?.Most && Before is null == After is null;

    /// <summary>Whether more can be signed than before.</summary>
    public bool Widens => Before is { Most: { } before } && After is { } now && (now.Most is not { } after || after > before);
}

/// <summary>What a policy newly lets happen, and no longer.</summary>
/// <param name="Rules">Every changed rule in words.</param>
/// <param name="Reach">Who may newly pay whom, and who no longer.</param>
/// <param name="Newcomers">One sentence on recipients: <c>nobody new can be paid without a pin</c>.</param>
/// <param name="Worst">The worst cases.</param>
/// <param name="Widenings">Why something can newly be spent or paid; empty when nothing can.</param>
public sealed record PolicyDifference(IReadOnlyList<string> Rules, IReadOnlyList<string> Reach, string Newcomers, IReadOnlyList<WorstChange> Worst, IReadOnlyList<string> Widenings);

/// <summary>Compares two policies over one finite world: whatever either of them could tell apart.</summary>
public static class PolicyComparison
{
    /// <summary>The periods that are compared.</summary>
    public static readonly IReadOnlyList<WorstPeriod> Periods = [WorstPeriod.Payment, WorstPeriod.Day, WorstPeriod.Week, WorstPeriod.Month, WorstPeriod.Total];

    // What only ever takes away, and cannot be compared by figures.
    private static readonly string[] Restraints = ["approval", "schedule", "priceDrift", "loop", "breaker"];

    public static PolicyDifference Compare(PolicySet old, PolicySet now)
    {
        var (before, after) = PolicyAnalysis.OfBoth(old, now);
        var worst = before.Subjects.Union(after.Subjects)
            .SelectMany(s => Periods.Select(p => new WorstChange(s, p, Figure(before, s, p), Figure(after, s, p))))
            .ToList();
        var reach = new ReachComparison(old, now, before.World.Samples);
        var widenings = worst.Where(w => w.Widens).Select(w => $"{w.Subject}: {Word(w.Period)} {w.Before} -> {w.After}")
            .Concat(reach.Widenings)
            .Concat(before.World.IsWhole && after.World.IsWhole ? LooserLimits(before, after) : ["too large to compare limit by limit"])
            .Concat(LooserRestraints(old, now))
            .Distinct()
            .ToList();
        return new PolicyDifference(PolicyChange.Lines(old, now), reach.Sentences, reach.Newcomers, worst, widenings);
    }

    /// <summary><c>day</c>, <c>payment</c>.</summary>
    public static string Word(WorstPeriod period) => period.ToString().ToLowerInvariant();

    // An agent without an entry of its own is whatever its name falls under; any other owner that a policy does not have has no figure.
    private static WorstFigure? Figure(PolicyAnalysis analysis, string subject, WorstPeriod period) =>
        subject.StartsWith("agent:", StringComparison.Ordinal) || analysis.Subjects.Contains(subject) ? analysis.Figure(subject, period) : null;

    // The new limits lie within the old ones exactly if no old limit can be exceeded under the new policy, in its own window.
    private static IEnumerable<string> LooserLimits(PolicyAnalysis before, PolicyAnalysis after)
    {
        var newAtoms = after.World.Atoms.ToDictionary(KeyOf);
        var kept = after.World.Rows.GroupBy(r => (r.Line.Scope.Key, Window(r))).ToDictionary(g => g.Key, g => g.Min(r => r.Line.Limit.Units));
        var covered = new Dictionary<int, List<Atom>>();
        foreach (var atom in before.World.Atoms)
        {
            if (!newAtoms.TryGetValue(KeyOf(atom), out var same))
            {
                continue;
            }

            if (atom.Most is { } most && (same.Most is not { } larger || larger > most))
            {
                yield return $"{string.Join(", ", atom.Agent.Entries)} at {atom.Site.Label}: payment {new Usd(most)} -> {(same.Most is { } m ? new Usd(m).ToString() : "no limit")}";
            }

            foreach (var row in atom.Rows)
            {
                (covered.TryGetValue(row, out var list) ? list : covered[row] = []).Add(same);
            }
        }

        foreach (var (number, atoms) in covered)
        {
            var row = before.World.Rows[number];
            if (kept.TryGetValue((row.Line.Scope.Key, Window(row)), out var limit) && limit <= row.Line.Limit.Units)
            {
                continue;
            }

            var most = row.Line.Limit.Measure == SpendMeasure.Dollars && row.Line.Window is not SpendWindow.UnderWay
                ? after.Solver.Within(atoms, row.Line.Window, new Focus(row.Agent is not null, row.Site is not null), without: null)
                : null;
            if (most?.Most is not { } reached || reached.Micros > row.Line.Limit.Units * (UInt128)row.Recipients)
            {
                yield return $"{row.Line.Id} {row.Line.Limit.ToWords()} no longer holds for {(row.Agent is null ? "everyone together" : string.Join(", ", row.Agent.Entries))}";
            }
        }

        static string Window(WorldRow row) => $"{row.Line.Limit.Measure} {row.Line.Window}";

        static (AgentId, string, ChainId, EvmAddress, EvmAddress) KeyOf(Atom atom) => (atom.Agent.Id, $"{atom.Site.Origin} {atom.Site.Method} {atom.Site.Path}", atom.Token.Chain, atom.Token.Address, atom.Recipient);
    }

    private static IEnumerable<string> LooserRestraints(PolicySet old, PolicySet now)
    {
        var (before, after) = (PolicyOutline.Of(old), PolicyOutline.Of(now));
        foreach (var (subject, aspects) in before)
        {
            foreach (var restraint in aspects.Where(a => a.Kind == AspectKind.Setting && Restraints.Contains(a.Name) && a.Value is not ("none" or "no limit" or "always")))
            {
                if (after.TryGetValue(subject, out var now1) && !now1.Contains(restraint))
                {
                    yield return $"{subject}: {restraint.Name} is not as it was";
                }
            }
        }
    }
}
