using SmartProxy.Policy.Document;
using SmartProxy.Policy.Rules;

namespace SmartProxy.Policy.Analysis;

/// <summary>What a good policy file says that is suspicious. Every warning has a stable code, and its line.</summary>
public sealed class PolicyLint
{
    private readonly PolicySet _policy;
    private readonly PolicyAnalysis _analysis;
    private readonly string _file;
    private readonly MemberPlaces _places;
    private readonly List<Site> _sites;
    private readonly List<LintWarning> _warnings = [];

    private PolicyLint(PolicyAnalysis analysis, string file)
    {
        (_policy, _analysis, _file) = (analysis.Policy, analysis, file);
        _places = new MemberPlaces(_policy.Text);
        _sites = [.. analysis.World.Samples.Sites.Select(s => _policy.Hosts.Locate(s.Origin))];
    }

    /// <param name="analysis">Of the policy.</param>
    /// <param name="file">Its name, for messages.</param>
    /// <param name="loaded">What the loader warned of already.</param>
    public static IReadOnlyList<LintWarning> Check(PolicyAnalysis analysis, string file, IReadOnlyList<PolicyProblem> loaded)
    {
        var lint = new PolicyLint(analysis, file);
        lint._warnings.AddRange(loaded.Select(w => new LintWarning(CodeOf(w), w)));
        lint.Allows();
        lint.Unused();
        lint.DayCaps();
        new LintLimits(analysis, lint.Warn).Check();
        return [.. lint._warnings.DistinctBy(w => w.ToString()).OrderBy(w => w.At.Line).ThenBy(w => w.At.Column).ThenBy(w => w.Code, StringComparer.Ordinal)];
    }

    private static string CodeOf(PolicyProblem loaded) =>
        loaded.Message.StartsWith("any recipient is paid", StringComparison.Ordinal) ? LintWarning.RecipientsAny
        : loaded.Message.StartsWith("no merchant and no entry of `categories`", StringComparison.Ordinal) ? LintWarning.CategoryEmpty
        : LintWarning.Other;

    private void Warn(string code, string path, string message)
    {
        var at = _places.Find(path);
        _warnings.Add(new LintWarning(code, new PolicyProblem(_file, at.Line, path, message) { Column = at.Column }));
    }

    private void Allows()
    {
        foreach (var same in _policy.Agents.Rules.GroupBy(r => r.AllowWords))
        {
            foreach (var (text, path) in _places.Texts(same.Key))
            {
                if (!Selector.TryParse(text, out var selector))
                {
                    continue;
                }

                if (selector is Selector.Everything)
                {
                    Warn(LintWarning.AllowEverything, path, "every host of the world may be paid: list the merchants or hosts that are meant");
                }

                if (same.Any(rule => rule.Deny.Texts.Count == 0))
                {
                    continue;
                }

                var allowed = new SelectorSet([new Located<Selector>(selector, default)]);
                var sites = _sites.Where(s => allowed.Match(s) is not null).ToList();
                if (sites.Count > 0 && same.All(rule => sites.All(s => rule.Deny.Match(s) is not null)))
                {
                    Warn(LintWarning.AllowShadowed, path, $"`{text}` is never paid: a `deny` stands above it; remove one of them");
                }
            }
        }
    }

    private void Unused()
    {
        var rules = _policy.Agents.Rules;
        foreach (var (group, _) in _policy.Groups.Where(g => rules.All(r => r.Group != g.Name)))
        {
            Warn(LintWarning.GroupUnused, $"groups.{group}", "no agent is in this group: its limits hold for nobody");
        }

        foreach (var policy in _places.Names("policies").Where(p => rules.All(r => r.Policy != p)))
        {
            Warn(LintWarning.PolicyUnused, $"policies.{policy}", "no agent names this policy: it decides nothing");
        }

        var paid = _analysis.World.Atoms.SelectMany(a => a.Site.Merchants).ToHashSet(StringComparer.Ordinal);
        foreach (var merchant in _policy.Merchants.Where(m => _analysis.World.IsWhole && !paid.Contains(m.Name)))
        {
            Warn(LintWarning.MerchantUnpayable, merchant.Words, "no agent may pay this merchant: allow it somewhere, or remove it");
        }
    }

    private void DayCaps()
    {
        foreach (var rule in _policy.Agents.Rules.Where(r => r.Allow.Texts.Count > 0))
        {
            if (_analysis.Figure($"agent:{rule.Pattern}", WorstPeriod.Day).Most is null)
            {
                Warn(LintWarning.NoDayCap, rule.Words, "nothing limits what it spends in a day: set `limits.day`");
            }

            if (rule.Schedule is { } schedule && schedule.OpensAt(PolicyWorld.SomeMonday) is null)
            {
                Warn(LintWarning.ScheduleNeverOpen, schedule.Words, "no hour of this schedule ever comes: nothing is paid");
            }

            if (rule.Guards.Approval is { Above: { } above, NewRecipient: false, NewHost: false, PriceDrift: false } approval
                && _analysis.Figure($"agent:{rule.Pattern}", WorstPeriod.Payment).Most is { } most && above >= most)
            {
                Warn(LintWarning.ApprovalNeverAsks, $"{approval.Words}.above", $"no payment can be more than {most} USD, so nobody is ever asked above {above} USD: lower it");
            }
        }
    }
}
