using System.Globalization;
using CsCheck;
using SmartProxy.Policy.Analysis;
using SmartProxy.Policy.Tests.Fakes;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Tests.Analysis;

/// <summary>
/// Small worlds, searched whole: every amount at every place by every agent on every day, by the real evaluator and by sums over its lines. What the
/// search lets through is what the analysis says. CsCheck prints the seed of a failure.
/// </summary>
public sealed class WorstCaseOracleTests
{
    private static readonly string[] Urls = ["https://api.exa.ai", "https://a.papers.example", "https://free.example"];
    private static readonly string[] AllowChoices = ["*", "exa", "papers", "category:data", "free.example"];
    private static readonly string[] Windows = ["payment", "day", "week", "total"];

    private static readonly Gen<string> Limits = Pick(Windows).SelectMany(w => Gen.Int[0, 3].Select(m => (w, m))).Array[0, 2]
        .Select(l => string.Join(", ", l.DistinctBy(x => x.w).Select(x => $"\"{x.w}\": \"{Micros(x.m)}\"")));

    private static readonly Gen<string> OwnLimits = Owner(3);

    private static Gen<string> Owner(int kinds) => Gen.Select(Limits, Gen.Int[0, kinds], Pick("day", "week"), Gen.Int[1, 2]).Select((own, kind, window, micros) =>
    {
        var narrow = $"{{ \"{window}\": \"{Micros(micros)}\" }}";
        var more = kind switch
        {
            1 => $"\"each\": {{ \"merchant\": {narrow} }}",
            2 => $"\"in\": {{ \"category:data\": {narrow} }}",
            4 => $"\"payments\": {{ \"{window}\": {micros} }}",
            5 => $"\"each\": {{ \"category\": {narrow} }}",
            6 => $"\"in\": {{ \"exa\": {{ \"payments\": {{ \"{window}\": {micros} }} }} }}",
            _ => "",
        };
        return string.Join(", ", new[] { own, more }.Where(t => t.Length > 0));
    });

    private static Gen<string> AgentWith(Gen<string> own) => Gen.Select(Pick(AllowChoices).Array[1, 2], Gen.Bool, own, Gen.Int[0, 5]).Select((allow, inGroup, limits, deny) =>
        $$"""{ {{(inGroup ? "\"group\": \"lab\", " : "")}}"allow": [{{string.Join(", ", allow.Distinct().Select(a => $"\"{a}\""))}}], {{(deny == 0 ? "\"deny\": [\"papers\"], " : "")}}"limits": { {{limits}} } }""");

    private static readonly Gen<string> World = WorldWith(OwnLimits);

    private static readonly Gen<string> CountedWorld = WorldWith(Owner(6));

    private static Gen<string> WorldWith(Gen<string> own) => Gen.Select(AgentWith(own).Array[2, 3], Limits, Limits, own).Select((agents, exa, group, organization) => $$"""
        { "networks": ["base-sepolia"],
          "organization": { "limits": { {{organization}} } },
          "merchants": { "exa": { "hosts": "api.exa.ai", "limits": { {{exa}} } }, "papers": { "hosts": "*.papers.example", "category": "data" } },
          "groups": { "lab": { "limits": { {{group}} } } },
          "agents": { {{string.Join(", ", agents.Select((a, i) => $"\"{(char)('a' + i)}\": {a}"))}} } }
        """);

    [Fact]
    public void The_analysis_agrees_with_a_search_of_everything() => World.Sample(json => Agrees(json, mustBeExact: true), iter: 150);

    [Fact]
    public void Numbers_of_payments_are_never_underestimated_and_a_figure_that_says_exact_is() => CountedWorld.Sample(json => Agrees(json, mustBeExact: false), iter: 150);

    private static bool Agrees(string json, bool mustBeExact)
    {
        var policy = Given.Policy(json);
        var analysis = PolicyAnalysis.Of(policy);
        return analysis.Subjects.All(subject => new[] { 1, 7 }.All(days =>
        {
            var figure = analysis.Figure(subject, days == 1 ? WorstPeriod.Day : WorstPeriod.Week);
            var searched = Search.Most(policy, subject, days);
            return figure.IsExact || mustBeExact
                ? Report(figure.Most?.Micros == searched, json, subject, days, figure, searched)
                : Report(figure.Most is not { } most || most.Micros >= searched, json, subject, days, figure, searched);
        }));
    }

    [Fact]
    public void A_difference_that_widens_nothing_lets_nothing_new_through_and_the_other_way_round() => Gen.Select(World, World).Sample(
        (first, second) =>
        {
            // An edited copy is nearer to what people do than another world: the agents of one, the pots of the other.
            var edited = second[..second.IndexOf("\"agents\"", StringComparison.Ordinal)] + first[first.IndexOf("\"agents\"", StringComparison.Ordinal)..];
            foreach (var (old, now) in new[] { (first, edited), (edited, first), (first, first) })
            {
                var (before, after) = (Given.Policy(old), Given.Policy(now));
                var says = PolicyComparison.Compare(before, after).Widenings;
                var isNew = Search.FindsMore(before, after);
                if (isNew != says.Count > 0)
                {
                    throw new InvalidOperationException($"the search finds {(isNew ? "something new" : "nothing new")}, the comparison says [{string.Join("; ", says)}], from {old} to {now}");
                }
            }

            return true;
        },
        iter: 60);

    private static bool Report(bool agrees, string json, string subject, int days, WorstFigure figure, UInt128? searched) =>
        agrees ? true : throw new InvalidOperationException($"{subject} over {days} days: the analysis says {figure}, the search {searched?.ToString(CultureInfo.InvariantCulture) ?? "no limit"} micro-dollars, in {json}");

    private static string Micros(int micros) => new Usd((UInt128)micros).ToString();

    private static Gen<string> Pick(params string[] items) => Gen.Int[0, items.Length - 1].Select(i => items[i]);

    /// <summary>The search. It knows nothing of programs, rows or merging: only verdicts, and the sums that the books would keep.</summary>
    private sealed class Search
    {
        // Above this nothing in these worlds is limited.
        private const int Ceiling = 100;

        private readonly List<(int Most, int[] DayLines, int[] LongLines)> _places = [];
        private readonly List<int> _dayLimits = [];
        private readonly List<int> _longLimits = [];
        private readonly List<bool> _isTotal = [];
        private readonly HashSet<(bool IsDay, int Line)> _counts = [];

        public static UInt128? Most(PolicySet policy, string subject, int days)
        {
            var search = new Search();
            foreach (var agent in policy.Agents.Rules.Select(r => r.Pattern.Text))
            {
                foreach (var url in Urls)
                {
                    search.Ask(policy, subject, agent, url);
                }
            }

            return search.Run(days);
        }

        private void Ask(PolicySet policy, string subject, string agent, string url, bool always = false)
        {
            var evaluator = new PolicyEvaluator(policy);
            var verdicts = Enumerable.Range(1, 4).Select(price => evaluator.Judge(Given.Question(agent, url, price.ToString(CultureInfo.InvariantCulture)))).ToList();
            if (verdicts[0] is not Verdict.Allowed allowed || !IsOf(allowed.Facts, subject))
            {
                _places.AddRange(always ? [(0, [], [])] : []);
                return;
            }

            // Prices run to 4, one above every limit of these worlds: 4 allowed is any price allowed.
            var most = verdicts[3] is Verdict.Allowed ? Ceiling : verdicts.TakeWhile(v => v is Verdict.Allowed).Count();
            most = allowed.Lines.Where(l => l.Limit.Measure == SpendMeasure.Dollars).Aggregate(most, (least, line) => Math.Min(least, (int)line.Limit.Units));
            most = allowed.Lines.Any(l => l.Limit.Units == 0) ? 0 : most;
            var days = allowed.Lines.Where(l => l.Window is SpendWindow.Calendar { Period: CalendarPeriod.Day });
            var longer = allowed.Lines.Where(l => l.Window is SpendWindow.Total or SpendWindow.Calendar { Period: CalendarPeriod.Week });
            _places.Add((most, [.. days.Select(l => Number(l, _dayNumbers, _dayLimits))], [.. longer.Select(l => Number(l, _longNumbers, _longLimits))]));
        }

        private readonly Dictionary<(string, string, string), int> _dayNumbers = [];
        private readonly Dictionary<(string, string, string), int> _longNumbers = [];

        private int Number(BudgetLine line, Dictionary<(string, string, string), int> numbers, List<int> limits)
        {
            var key = (line.Id, line.Scope.Key, line.Window.ToString()!);
            if (!numbers.TryGetValue(key, out var number))
            {
                number = numbers[key] = limits.Count;
                limits.Add((int)line.Limit.Units);
                if (line.Limit.Measure == SpendMeasure.Payments)
                {
                    _counts.Add((limits == _dayLimits, number));
                }

                if (limits == _longLimits)
                {
                    _isTotal.Add(line.Window is SpendWindow.Total);
                }
            }

            return number;
        }

        private static bool IsOf(PaymentFacts facts, string subject) => subject switch
        {
            "organization" => true,
            _ when subject.StartsWith("agent:", StringComparison.Ordinal) => subject == $"agent:{facts.Agent}",
            _ when subject.StartsWith("group:", StringComparison.Ordinal) => subject == $"group:{facts.Group}",
            _ => subject == $"merchant:{facts.Merchant}",
        };

        /// <summary>Whether some purchases of one week that are possible under the new policy were not under the old one.</summary>
        public static bool FindsMore(PolicySet old, PolicySet now)
        {
            var (before, after) = (new Search(), new Search());
            foreach (var agent in old.Agents.Rules.Concat(now.Agents.Rules).Select(r => r.Pattern.Text).Distinct())
            {
                foreach (var url in Urls)
                {
                    before.Ask(old, "organization", agent, url, always: true);
                    after.Ask(now, "organization", agent, url, always: true);
                }
            }

            return before._places.Zip(after._places).Any(p => p.Second.Most > p.First.Most) || LooserLine(before, after);
        }

        // All days of a week and all places: the new limits exceed an old one if the payments it covers can come to more than it says.
        private static bool LooserLine(Search before, Search after)
        {
            var days = Enumerable.Range(0, before._dayLimits.Count).Any(l => after.Only(before._places.Select(p => p.DayLines.Contains(l))).Run(1) is not { } most || most > (UInt128)before._dayLimits[l]);
            return days || Enumerable.Range(0, before._longLimits.Count).Any(l =>
            {
                var covered = after.Only(before._places.Select(p => p.LongLines.Contains(l)));
                return (before._isTotal[l] ? covered.ForEver().Run(1) : covered.Run(7)) is not { } most || most > (UInt128)before._longLimits[l];
            });
        }

        // Days and weeks come again; only totals stay.
        private Search ForEver()
        {
            var some = Only(_places.Select(_ => true));
            some._places.Clear();
            some._places.AddRange(_places.Select(p => (p.Most, (int[])[], p.LongLines.Where(l => _isTotal[l]).ToArray())));
            return some;
        }

        private Search Only(IEnumerable<bool> chosen)
        {
            var some = new Search();
            some._dayLimits.AddRange(_dayLimits);
            some._longLimits.AddRange(_longLimits);
            some._isTotal.AddRange(_isTotal);
            some._places.AddRange(_places.Zip(chosen).Where(p => p.Second).Select(p => p.First));
            return some;
        }

        private UInt128? Run(int days)
        {
            // A place without any limit but on one payment can be paid for ever.
            if (_places.Any(p => p.Most == Ceiling) || _places.Any(p => p.Most > 0 && p.DayLines.Length == 0 && p.LongLines.Length == 0))
            {
                return null;
            }

            // States are what is left of the longer limits; for each the most that was paid on the way.
            var states = new Dictionary<string, (int[] Left, int Paid)> { [""] = ([.. _longLimits], 0) };
            for (var day = 0; day < days; day++)
            {
                var next = new Dictionary<string, (int[] Left, int Paid)>();
                foreach (var (left, paid) in states.Values)
                {
                    var seen = new Dictionary<string, int>();
                    Pay(0, left, [.. _dayLimits], paid, seen, next);
                }

                if (next.Count == states.Count && next.All(n => states.TryGetValue(n.Key, out var s) && s.Paid == n.Value.Paid))
                {
                    break;
                }

                states = next;
            }

            return (UInt128)states.Values.Max(s => s.Paid);
        }

        private void Pay(int place, int[] left, int[] today, int paid, Dictionary<string, int> seen, Dictionary<string, (int[] Left, int Paid)> next)
        {
            var key = $"{place}|{string.Join(',', left)}|{string.Join(',', today)}";
            if (seen.TryGetValue(key, out var best) && best >= paid)
            {
                return;
            }

            seen[key] = paid;
            if (place == _places.Count)
            {
                var state = string.Join(',', left);
                if (!next.TryGetValue(state, out var known) || known.Paid < paid)
                {
                    next[state] = (left, paid);
                }

                return;
            }

            // Nothing more here, or one more payment of any size.
            var (most, dayLines, longLines) = _places[place];
            Pay(place + 1, left, today, paid, seen, next);
            for (var size = 1; size <= most; size++)
            {
                var (lessLeft, lessToday) = (left.ToArray(), today.ToArray());
                foreach (var line in dayLines)
                {
                    lessToday[line] -= _counts.Contains((true, line)) ? 1 : size;
                }

                foreach (var line in longLines)
                {
                    lessLeft[line] -= _counts.Contains((false, line)) ? 1 : size;
                }

                if (lessLeft.Concat(lessToday).All(l => l >= 0))
                {
                    Pay(place, lessLeft, lessToday, paid + size, seen, next);
                }
            }
        }
    }
}
