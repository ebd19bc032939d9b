using SmartProxy.Policy.Rules;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Analysis;

/// <summary>Suspicious limits: contradicting, without effect, or far from everyone else's.</summary>
internal sealed class LintLimits(PolicyAnalysis analysis, Action<string, string, string> warn)
{
    /// <summary>So many times the others' median is worth a look.</summary>
    public const int Outlier = 100;

    // Proving a limit useless costs a program; beyond so many limits only the cheap checks are made.
    private const int MaxProofs = 2_000;

    public void Check()
    {
        foreach (var limits in Representatives.Limits(analysis.Policy))
        {
            Pair(limits.Own);
        }

        var useless = analysis.World.IsWhole ? Useless() : [];
        foreach (var (line, why) in useless)
        {
            warn(LintWarning.LimitNeverBinds, line.Id, why);
        }

        Outliers();
    }

    private void Pair(IReadOnlyList<LimitRule> own)
    {
        var (payment, day) = (own.FirstOrDefault(l => l.Key == "payment"), own.FirstOrDefault(l => l.Key == "day"));
        if (payment is not null && day is not null && day.Limit.Units < payment.Limit.Units)
        {
            warn(LintWarning.DayBelowPayment, day.Id, $"a day's limit of {day.Limit.ToWords()} is below the limit of {payment.Limit.ToWords()} for one payment: one of them is not meant");
        }

        if (payment is not null && day is not null && own.FirstOrDefault(l => l.Key == "payments.day") is { } count && count.Limit.Units * payment.Limit.Units <= day.Limit.Units)
        {
            warn(LintWarning.DayCapMoot, day.Id, $"{count.Limit.ToWords()} a day of at most {payment.Limit.ToWords()} come to no more than {day.Limit.ToWords()}: this limit is never reached");
        }
    }

    // A limit does nothing when, without it, its payments can't come to more in its window: for everyone who has it.
    private List<(BudgetLine Line, string Why)> Useless()
    {
        var covered = new Dictionary<int, List<Atom>>();
        foreach (var atom in analysis.World.Atoms)
        {
            foreach (var row in atom.Rows)
            {
                (covered.TryGetValue(row, out var list) ? list : covered[row] = []).Add(atom);
            }
        }

        var found = new List<(BudgetLine, string)>();
        foreach (var same in covered.Where(c => Provable(analysis.World.Rows[c.Key].Line)).GroupBy(c => analysis.World.Rows[c.Key].Line.Id).Take(MaxProofs))
        {
            UInt128 most = 0;
            var isUseless = true;
            foreach (var (number, atoms) in same)
            {
                var row = analysis.World.Rows[number];
                var reached = analysis.Solver.Within(atoms, row.Line.Window, new Focus(row.Agent is not null, row.Site is not null), number)?.Most;
                isUseless = reached is { } r && r.Micros <= row.Line.Limit.Units;
                most = UInt128.Max(most, reached?.Micros ?? 0);
                if (!isUseless)
                {
                    break;
                }
            }

            if (isUseless)
            {
                var line = analysis.World.Rows[same.First().Key].Line;
                found.Add((line, $"other limits allow at most {new Usd(most)} USD in the same time: this limit of {line.Limit.ToWords()} never binds"));
            }
        }

        return found;

        static bool Provable(BudgetLine line) => line.Limit.Measure == SpendMeasure.Dollars;
    }

    private void Outliers()
    {
        var all = analysis.Policy.Agents.Rules
            .SelectMany(r => r.Limits.Own.Where(l => l.Limit.Units > 0).Select(l => (Agent: r.Pattern, Limit: l)))
            .GroupBy(l => l.Limit.Key);
        foreach (var same in all.Where(s => s.Skip(2).Any()))
        {
            var sorted = same.Select(l => l.Limit.Limit.Units).Order().ToList();
            foreach (var (agent, limit) in same)
            {
                // The median of the others: the sorted list without this one.
                var index = sorted.BinarySearch(limit.Limit.Units);
                var middle = (sorted.Count - 2) / 2;
                var median = sorted[index <= middle ? middle + 1 : middle];
                if (limit.Limit.Units >= median * Outlier)
                {
                    warn(LintWarning.AmountOutlier, limit.Id, $"{limit.Limit.ToWords()} for `{agent}` is {Outlier} times what the other agents have ({new Quantity(limit.Limit.Measure, median).ToWords()}) or more");
                }
            }
        }
    }
}
