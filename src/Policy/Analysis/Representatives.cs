using SmartProxy.Policy.Rules;
using SmartProxy.Policy.Words;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Analysis;

/// <summary>One agent that stands for all that no rule tells apart from it.</summary>
/// <param name="Id">The one that is asked about.</param>
/// <param name="Entries">The entries of <c>agents</c> that it stands for.</param>
/// <param name="IsMany">Whether it is any of the agents of a pattern: as many as anyone makes tokens for.</param>
internal sealed record AgentSample(AgentId Id, IReadOnlyList<string> Entries, bool IsMany);

/// <summary>One place that stands for all that no rule tells apart from it.</summary>
/// <param name="Origin">Where.</param>
/// <param name="Method">The request's method.</param>
/// <param name="Path">The request's path.</param>
/// <param name="Merchants">The merchants that it stands for; empty where none names it.</param>
/// <param name="Label">How it reads: a merchant, a host pattern, <c>any other host</c>.</param>
internal sealed record SiteSample(Origin Origin, string Method, string Path, IReadOnlyList<string> Merchants, string Label);

/// <summary>
/// The finite world of one policy, or of two that are compared: for everything that some rule could tell apart, one sample. Merchants and agents
/// that every rule treats alike become one sample that counts as many.
/// </summary>
internal sealed class Representatives
{
    public const string OtherHosts = "any other host";

    private readonly IReadOnlyList<PolicySet> _policies;
    private readonly List<Selector> _selectors;
    private readonly List<string[]> _endpoints;

    private Representatives(IReadOnlyList<PolicySet> policies, IReadOnlyList<Selector> selectors)
    {
        _policies = policies;
        _selectors = [.. policies.SelectMany(Selectors).Concat(selectors).Distinct()];
        _endpoints = [.. _selectors.Select(s => s.ToString()!.Split(' ')).Where(words => words.Length == 3)];
        Agents = FindAgents();
        Sites = FindSites();
    }

    public IReadOnlyList<AgentSample> Agents { get; }

    public IReadOnlyList<SiteSample> Sites { get; }

    /// <summary>The world of these policies; <paramref name="selectors"/> are told apart beside their own.</summary>
    public static Representatives Of(IReadOnlyList<PolicySet> policies, IReadOnlyList<Selector> selectors) => new(policies, selectors);

    private static IEnumerable<Selector> Selectors(PolicySet policy) =>
    [
        .. policy.Agents.Rules.SelectMany(a => a.Allow.Texts.Concat(a.Deny.Texts)).Distinct().Select(Read),
        .. Limits(policy).SelectMany(l => l.In.Select(n => n.Selector)),
    ];

    /// <summary>The limits of everyone.</summary>
    public static IEnumerable<LimitSet> Limits(PolicySet policy) =>
        [policy.OrganizationLimits, .. policy.Groups.Select(g => g.Limits), .. policy.Merchants.Select(m => m.Limits), .. policy.Agents.Rules.Select(a => a.Limits)];

    private static Selector Read(string text) => Selector.TryParse(text, out var selector) ? selector : throw new System.Diagnostics.UnreachableException();

    private List<AgentSample> FindAgents()
    {
        var outlines = _policies.Select(PolicyOutline.Of).ToList();
        var entries = _policies.SelectMany(p => p.Agents.Rules.Select(r => r.Pattern)).Distinct().ToList();
        return
        [
            .. entries.Select(e => (Entry: e, Id: SampleOf(e)))
                .Where(e => e.Id is not null)
                .GroupBy(e => (IsMany: e.Entry.Kind != AgentPatternKind.Exact, e.Entry.Kind == AgentPatternKind.Exact ? "" : e.Entry.ToString(), string.Join('\n', _policies.Select((p, i) => Nature(p, outlines[i], e.Id!.Value)))))
                .Select(same => new AgentSample(same.First().Id!.Value, [.. same.Select(e => e.Entry.ToString())], same.Key.IsMany)),
        ];
    }

    // A name that the pattern matches and no narrower entry has for itself.
    private AgentId? SampleOf(AgentPattern pattern)
    {
        if (pattern.Kind == AgentPatternKind.Exact)
        {
            return new AgentId(pattern.Text);
        }

        const string letters = "0123456789abcdefghijklmnopqrstuvwxyz";
        var words = letters.Select(c => c.ToString()).Concat(letters.SelectMany(a => letters.Select(b => $"{a}{b}")));
        foreach (var word in words)
        {
            var name = pattern.Kind == AgentPatternKind.Prefix ? pattern.Text + word : word + pattern.Text;
            if (AgentId.TryParse(name, out var id) && _policies.Any(p => p.Agents.Find(id)?.Pattern == pattern) && _policies.All(p => p.Agents.Find(id)?.Pattern.Kind != AgentPatternKind.Exact))
            {
                return id;
            }
        }

        return null;
    }

    // Everything that decides; names and limits in words are enough, for equal words are equal rules.
    private static string Nature(PolicySet policy, IReadOnlyDictionary<string, IReadOnlyList<Aspect>> outline, AgentId agent) =>
        policy.Agents.Find(agent) is { } rule
            ? string.Join(';', outline[rule.Words].Where(a => a.Name is not ("policy" or "wallet" or "tags" or "tokens declared")).Select(a => $"{a.Kind} {a.Name}={a.Value}"))
            : "unknown";

    private List<SiteSample> FindSites()
    {
        var named = _selectors.Select(s => s is Selector.Merchant merchant ? merchant.Name : s.ToString()!.Split(' ') is { Length: > 1 } endpoint ? endpoint[0] : "").ToHashSet(StringComparer.Ordinal);
        var outlines = _policies.Select(PolicyOutline.Of).ToList();
        var places = Hosts()
            .SelectMany(h => OriginsAt(h).SelectMany(o => Requests(o).Select(r => (Pattern: h, Origin: o, r.Method, r.Path))))
            .Select(p => (p.Pattern, p.Origin, p.Method, p.Path, Nature: SiteNature(p.Origin, p.Method, p.Path)))
            .ToList();

        // First within a merchant: hosts that nothing tells apart are one. Then merchants that nothing tells apart.
        var ofMerchants = places.GroupBy(p => string.Join('|', _policies.Select(x => x.Hosts.Locate(p.Origin).Merchant?.Name ?? "-"))).ToList();
        var samples = new List<(string Nature, SiteSample Sample)>();
        foreach (var merchant in ofMerchants)
        {
            var names = merchant.Key.Split('|').Where(n => n != "-").Distinct().ToList();
            var distinct = merchant.DistinctBy(p => p.Nature).ToList();
            var isPlain = names.Count == 1 && !merchant.Key.Contains('-', StringComparison.Ordinal) && distinct.Count == 1 && !named.Contains(names[0]);
            var attributes = string.Join('\n', names.SelectMany(n => _policies.Select((p, i) => Attributes(p, outlines[i], n))));
            samples.AddRange(distinct.Select((p, i) => (
                isPlain ? $"{attributes}\n{p.Nature}" : $"#{merchant.Key}#{i}",
                new SiteSample(p.Origin, p.Method, p.Path, names, Label(names, distinct.Count, p.Pattern, p.Method, p.Path)))));
        }

        return
        [
            .. samples.GroupBy(s => s.Nature).Select(same => same.First().Sample with { Merchants = [.. same.SelectMany(s => s.Sample.Merchants).Distinct()] }),
        ];
    }

    private static string Label(List<string> merchants, int places, HostPattern? pattern, string method, string path)
    {
        var place = merchants.Count > 0 && places == 1 ? merchants[0] : pattern?.ToString() ?? OtherHosts;
        return method == "GET" && path == "/" ? place : $"{place} {method} {path.Replace("x-any-other", "*", StringComparison.Ordinal)}";
    }

    private static string Attributes(PolicySet policy, IReadOnlyDictionary<string, IReadOnlyList<Aspect>> outline, string merchant) =>
        outline.TryGetValue("merchants." + merchant, out var aspects)
            ? string.Join(';', aspects.Where(a => a.Kind != AspectKind.Host && a.Name is not "tags").Select(a => $"{a.Kind} {a.Name}={a.Value}"))
            : policy.IsTest.ToString();

    // Which host lists match, in every policy, and whether it is encrypted.
    private string SiteNature(Origin origin, string method, string path)
    {
        var target = Target.Of(origin);
        var matched = _selectors.OfType<Selector.Host>().Where(h => h.Pattern.Matches(target)).Select(h => h.ToString());
        return $"{origin.IsHttps} {method} {path} {string.Join(' ', _policies.Select(p => p.Hosts.Locate(origin).Category))} {string.Join(' ', matched)}";
    }

    private IEnumerable<HostPattern?> Hosts() => _policies
        .SelectMany(p => p.Merchants.SelectMany(m => m.Hosts).Concat(p.Categories.SelectMany(c => c.Hosts).Select(ReadHost)))
        .Concat(_selectors.OfType<Selector.Host>().Select(h => h.Pattern))
        .Distinct()
        .Select(p => (HostPattern?)p)
        .Append(null);

    private static HostPattern ReadHost(string text) => HostPattern.TryParse(text, out var pattern) ? pattern : throw new System.Diagnostics.UnreachableException();

    // The pattern's host, or a name below it that nothing else knows; on its port, and in the clear where a merchant allows that.
    private IEnumerable<Origin> OriginsAt(HostPattern? pattern)
    {
        var host = pattern is { Below: false } exact ? exact.Host : Unknown(pattern?.Host.Value ?? "invalid");
        var ports = pattern?.Port is { } port ? [port] : (int[])[Origin.HttpsPort];
        foreach (var https in ports.Select(p => new Origin(true, host, p)))
        {
            yield return https;
            if (_policies.Any(p => p.Merchants.Any(m => m.AllowCleartext && m.Hosts.Any(h => h == pattern))))
            {
                yield return new Origin(false, host, https.Port == Origin.HttpsPort ? Origin.HttpPort : https.Port);
            }
        }
    }

    private static HostName Unknown(string suffix) =>
        HostName.TryParse($"x-any-other.{suffix}", out var host) || HostName.TryParse($"x.{suffix}", out host) ? host : throw new System.Diagnostics.UnreachableException();

    // Methods and paths that some endpoint tells apart, at the merchants of such endpoints.
    private IEnumerable<(string Method, string Path)> Requests(Origin origin)
    {
        var merchants = _policies.Select(p => p.Hosts.Locate(origin).Merchant).OfType<MerchantRule>().ToList();
        var endpoints = _endpoints.Where(e => merchants.Any(m => m.Name == e[0])).ToList();
        var methods = endpoints.Select(e => e[1]).Where(m => m != "*" && m is not ("OPTIONS" or "TRACE" or "CONNECT")).Append("GET").Append("PATCH").Distinct().ToList();
        var paths = endpoints.Select(e => e[2]).SelectMany(p => p.EndsWith('*') ? [p[..^1], p[..^1] + "x-any-other"] : (string[])[p]).Append("/").Append("/x-any-other").Distinct().ToList();
        return endpoints.Count == 0 ? [("GET", "/")] : methods.SelectMany(m => paths.Select(p => (m, p)));
    }
}
