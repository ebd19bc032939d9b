using System.Globalization;
using SmartProxy.Policy.Words;

namespace SmartProxy.Policy;

/// <summary>Says in words what a new policy changes, as it takes effect: for agents with everything they take from their template.</summary>
public static class PolicyChange
{
    /// <summary>The longest description, in characters; it goes into a journal line.</summary>
    public const int MaxLength = 4000;

    /// <summary><c>agents.me: day 1.00 -> 5.00; now may pay *.papers.example</c>; subjects are separated by <c> | </c>.</summary>
    /// <param name="before">The policy in force, or null.</param>
    /// <param name="after">The policy that replaces it.</param>
    public static string Describe(PolicySet? before, PolicySet after)
    {
        if (before is null)
        {
            return string.Create(CultureInfo.InvariantCulture, $"first policy: {after.Agents.Rules.Count} agents, {after.Merchants.Count} merchants");
        }

        var changes = Changes(PolicyOutline.Of(before), PolicyOutline.Of(after))
            .GroupBy(c => c.Words, c => c.Subject)
            .Select(same => $"{Subjects([.. same])}: {same.Key}");
        var text = string.Join(" | ", changes);
        return text.Length switch
        {
            0 => "nothing that decides",
            > MaxLength => string.Concat(text.AsSpan(0, MaxLength - 1), "…"),
            _ => text,
        };
    }

    private static IEnumerable<(string Subject, string Words)> Changes(
        IReadOnlyDictionary<string, IReadOnlyList<Aspect>> before,
        IReadOnlyDictionary<string, IReadOnlyList<Aspect>> after)
    {
        foreach (var subject in after.Keys.Union(before.Keys))
        {
            var old = before.GetValueOrDefault(subject);
            var now = after.GetValueOrDefault(subject);
            var words = (old, now) switch
            {
                (null, not null) => "new" + Detail(now),
                (not null, null) => "removed",
                _ => string.Join("; ", Differences(old!, now!)),
            };
            if (words.Length > 0)
            {
                yield return (subject, words);
            }
        }
    }

    // A new subject is told by what it may do and by its limits; defaults go without saying.
    private static string Detail(IReadOnlyList<Aspect> now)
    {
        var words = Differences([.. now.Where(a => a.Kind == AspectKind.Setting)], now).ToList();
        return words.Count == 0 ? "" : "; " + string.Join("; ", words);
    }

    private static IEnumerable<string> Differences(IReadOnlyList<Aspect> old, IReadOnlyList<Aspect> now)
    {
        var before = old.Where(HasValue).ToDictionary(a => a.Name);
        var after = now.Where(HasValue).ToDictionary(a => a.Name);
        foreach (var name in after.Keys.Union(before.Keys))
        {
            var (was, becomes) = (before.GetValueOrDefault(name), after.GetValueOrDefault(name));
            var absent = was.Kind == AspectKind.Limit || becomes.Kind == AspectKind.Limit ? "no limit" : RuleWords.None;
            if (was != becomes)
            {
                yield return $"{name} {was.Value ?? absent} -> {becomes.Value ?? absent}";
            }
        }

        foreach (var gone in old.Except(now).Where(a => !HasValue(a)))
        {
            yield return Gone(gone);
        }

        foreach (var added in now.Except(old).Where(a => !HasValue(a)))
        {
            yield return Added(added);
        }
    }

    private static bool HasValue(Aspect aspect) => aspect.Kind is AspectKind.Setting or AspectKind.Limit;

    private static string Gone(Aspect aspect) => aspect.Kind switch
    {
        AspectKind.Allow => $"may no longer pay {aspect.Name}",
        AspectKind.Deny => $"no longer denied {aspect.Name}",
        AspectKind.Host => $"without host {aspect.Name}",
        AspectKind.Setting or AspectKind.Limit => "",
    };

    private static string Added(Aspect aspect) => aspect.Kind switch
    {
        AspectKind.Allow => $"now may pay {aspect.Name}",
        AspectKind.Deny => $"now denied {aspect.Name}",
        AspectKind.Host => $"with host {aspect.Name}",
        AspectKind.Setting or AspectKind.Limit => "",
    };

    private static string Subjects(IReadOnlyList<string> subjects)
    {
        const int most = 3;
        var named = string.Join(", ", subjects.Take(most));
        return subjects.Count <= most ? named : string.Create(CultureInfo.InvariantCulture, $"{named} and {subjects.Count - most} more");
    }
}
