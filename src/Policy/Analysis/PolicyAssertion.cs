using SmartProxy.Policy.Rules;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Analysis;

/// <summary>What an assertion came to.</summary>
/// <param name="Text">The assertion.</param>
/// <param name="Error">Why it can't be read or asked; null when it can.</param>
/// <param name="Violations">Where it does not hold, with the figures; empty when it holds.</param>
public sealed record AssertionResult(string Text, string? Error, IReadOnlyList<string> Violations)
{
    public bool Holds => Error is null && Violations.Count == 0;
}

/// <summary>
/// A sentence that has to be true of a policy: <c>group:lab day &lt;= 50</c>, <c>every agent payment &lt; 1.00</c>, <c>agent:me never pays category:gambling</c>,
/// <c>agent:r-* may pay exa</c>. An upper bound that is not known to be exact fails <c>=</c>.
/// </summary>
public static class PolicyAssertion
{
    public const string Expected = "`SUBJECT MEASURE <= DOLLARS` (or `<`, `=`), `SUBJECT never pays SELECTOR` or `SUBJECT may pay SELECTOR`, where SUBJECT is `agent:NAME`, `group:NAME`, `merchant:NAME`, `organization` "
        + "or `every agent`, and MEASURE is `payment`, `day`, `week`, `month`, `quarter`, `year` or `total`";

    private static readonly string[] Operators = ["<=", "<", "="];

    /// <summary>Each of them against the policy.</summary>
    public static IReadOnlyList<AssertionResult> Check(PolicySet policy, IReadOnlyList<string> assertions)
    {
        var read = assertions.Select(text => Read(policy, text)).ToList();
        var analysis = PolicyAnalysis.Of(policy, [.. read.Select(r => r.Selector).OfType<Selector>()]);
        return [.. read.Select(r => r.Error is { } error ? new AssertionResult(r.Text, error, []) : new AssertionResult(r.Text, null, [.. r.Selector is null ? Figures(analysis, r) : Reach(analysis, r)]))];
    }

    private static Sentence Read(PolicySet policy, string text)
    {
        var words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var subjectWords = words.Length > 1 && words[0] == "every" ? 2 : 1;
        if (words.Length < subjectWords + 3)
        {
            return Sentence.Bad(text, $"expected {Expected}, found `{Document.Node.Show(text)}`");
        }

        var (subjects, error) = Subjects(policy, string.Join(' ', words[..subjectWords]));
        if (error is not null)
        {
            return Sentence.Bad(text, error);
        }

        return (words[subjectWords], words[subjectWords + 1]) switch
        {
            ("never", "pays") or ("may", "pay") => ReadReach(policy, text, subjects, isNever: words[subjectWords] == "never", string.Join(' ', words[(subjectWords + 2)..])),
            _ when words.Length == subjectWords + 3 => ReadFigure(text, subjects, words[subjectWords], words[subjectWords + 1], words[subjectWords + 2]),
            _ => Sentence.Bad(text, $"expected {Expected}, found `{Document.Node.Show(text)}`"),
        };
    }

    private static (IReadOnlyList<string> Subjects, string? Error) Subjects(PolicySet policy, string word)
    {
        if (word == "every agent")
        {
            return ([.. policy.Agents.Rules.Select(r => $"agent:{r.Pattern}")], null);
        }

        var name = word[(word.IndexOf(':', StringComparison.Ordinal) + 1)..];
        var kind = word[..^name.Length];
        IEnumerable<string> known = kind switch
        {
            "agent:" => policy.Agents.Rules.Select(r => r.Pattern.ToString()),
            "group:" => policy.Groups.Select(g => g.Name),
            "merchant:" => policy.Merchants.Select(m => m.Name),
            _ => [],
        };
        if (word == "organization" || known.Contains(name))
        {
            return ([word], null);
        }

        return kind == "agent:" && AgentId.TryParse(name, out var id) && policy.Agents.Find(id) is { } rule
            ? ([$"agent:{rule.Pattern}"], null)
            : ([], $"expected `agent:NAME`, `group:NAME`, `merchant:NAME` of this policy, `organization` or `every agent`, found `{Document.Node.Show(word)}`{Document.Suggestion.For(name, known)}");
    }

    private static Sentence ReadFigure(string text, IReadOnlyList<string> subjects, string measure, string comparison, string amount)
    {
        var isPeriod = Enum.TryParse<WorstPeriod>(measure, ignoreCase: true, out var period) && measure == PolicyComparison.Word(period);
        if (!isPeriod)
        {
            var known = Enum.GetValues<WorstPeriod>().Select(PolicyComparison.Word);
            return Sentence.Bad(text, $"expected one of {string.Join(", ", known.Select(k => $"`{k}`"))}, found `{Document.Node.Show(measure)}`{Document.Suggestion.For(measure, known)}");
        }

        if (!Operators.Contains(comparison))
        {
            return Sentence.Bad(text, $"expected `<=`, `<` or `=`, found `{Document.Node.Show(comparison)}`");
        }

        return Usd.TryParse(amount, out var dollars)
            ? new Sentence(text, null, subjects, period, comparison, dollars, null, false)
            : Sentence.Bad(text, $"expected dollars such as `50` or `0.05`, found `{Document.Node.Show(amount)}`");
    }

    private static Sentence ReadReach(PolicySet policy, string text, IReadOnlyList<string> subjects, bool isNever, string word)
    {
        if (!subjects.All(s => s.StartsWith("agent:", StringComparison.Ordinal)))
        {
            return Sentence.Bad(text, "expected `agent:NAME` or `every agent` before `never pays` and `may pay`");
        }

        var isKnown = Selector.TryParse(word, out var selector) && selector switch
        {
            Selector.Merchant merchant => policy.Merchants.Any(m => m.Name == merchant.Name),
            Selector.Category category => policy.Merchants.Any(m => m.Category == category.Name) || policy.Categories.Any(c => c.Name == category.Name),
            Selector.Host or Selector.Everything => true,
            _ => false,
        };
        return isKnown
            ? new Sentence(text, null, subjects, default, "", default, selector, isNever)
            : Sentence.Bad(text, $"expected a merchant or `category:NAME` of this policy, a host or `*`, found `{Document.Node.Show(word)}`{Document.Suggestion.For(word, policy.Merchants.Select(m => m.Name))}");
    }

    private static IEnumerable<string> Figures(PolicyAnalysis analysis, Sentence sentence)
    {
        foreach (var subject in sentence.Subjects)
        {
            var figure = analysis.Figure(subject, sentence.Period);
            var holds = sentence.Comparison switch
            {
                "<=" => figure.Most <= sentence.Dollars,
                "<" => figure.Most < sentence.Dollars,
                _ => figure.Most == sentence.Dollars && figure.IsExact,
            };
            if (!holds)
            {
                yield return $"{subject}: {PolicyComparison.Word(sentence.Period)} {figure}, asserted {sentence.Comparison} {sentence.Dollars}";
            }
        }
    }

    private static IEnumerable<string> Reach(PolicyAnalysis analysis, Sentence sentence)
    {
        if (!analysis.World.IsWhole)
        {
            yield return "too many agents and places to tell who may pay whom";
            yield break;
        }

        foreach (var subject in sentence.Subjects)
        {
            var sample = analysis.World.Samples.Agents.FirstOrDefault(a => a.Entries.Contains(subject["agent:".Length..]));
            var paid = analysis.AtomsOf("agent", "", sample).Atoms.Where(a => Matches(analysis.Policy, sentence.Selector!, a.Site)).ToList();
            if (sentence.IsNever && paid.Count > 0)
            {
                yield return $"{subject} may pay {paid[0].Site.Label}, allowed by {paid[0].Verdict!.Rule}";
            }
            else if (!sentence.IsNever && paid.Count == 0)
            {
                yield return $"{subject} may not pay {sentence.Selector}";
            }
        }
    }

    private static bool Matches(PolicySet policy, Selector selector, SiteSample site) => selector switch
    {
        Selector.Merchant merchant => site.Merchants.Contains(merchant.Name),
        Selector.Category category => policy.Hosts.Locate(site.Origin).Category == category.Name,
        Selector.Host host => host.Pattern.Matches(Target.Of(site.Origin)),
        _ => true,
    };

    private sealed record Sentence(string Text, string? Error, IReadOnlyList<string> Subjects, WorstPeriod Period, string Comparison, Usd Dollars, Selector? Selector, bool IsNever)
    {
        public static Sentence Bad(string text, string error) => new(text, error, [], default, "", default, null, false);
    }
}
