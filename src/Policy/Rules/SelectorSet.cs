using SmartProxy.Policy.Document;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Rules;

/// <summary>A union of selectors, indexed. Every answer is the words of the selector that matched: <c>policies.research.allow[0] exa</c>.</summary>
internal sealed class SelectorSet
{
    public static readonly SelectorSet Nothing = new([]);

    private readonly string? _everything;
    private readonly Dictionary<string, string> _merchants = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _categories = new(StringComparer.Ordinal);
    private readonly Dictionary<EvmAddress, string> _recipients = [];
    private readonly HostIndex<string> _hosts;

    public SelectorSet(IReadOnlyList<Located<Selector>> selectors)
    {
        var hosts = new List<(HostPattern, string)>();
        foreach (var (selector, at) in selectors)
        {
            var words = $"{at.Path} {selector}";
            switch (selector)
            {
                case Selector.Everything:
                    _everything ??= words;
                    break;
                case Selector.Merchant merchant:
                    _merchants.TryAdd(merchant.Name, words);
                    break;
                case Selector.Category category:
                    _categories.TryAdd(category.Name, words);
                    break;
                case Selector.Recipient recipient:
                    _recipients.TryAdd(recipient.Address, words);
                    break;
                case Selector.Host host:
                    hosts.Add((host.Pattern, words));
                    break;
                default:
                    throw new System.Diagnostics.UnreachableException();
            }
        }

        _hosts = new HostIndex<string>(hosts);
        Texts = [.. selectors.Select(s => s.Value.ToString()!).Distinct().Order(StringComparer.Ordinal)];
    }

    /// <summary>The selectors' own texts, sorted.</summary>
    public IReadOnlyList<string> Texts { get; }

    /// <summary>The words of the most particular selector that matches: host, merchant, category, everything; or null.</summary>
    public string? Match(in Site site) =>
        _hosts.Find(site.Target)
        ?? (site.Merchant is { } merchant ? _merchants.GetValueOrDefault(merchant.Name) : null)
        ?? (site.Category is { } category ? _categories.GetValueOrDefault(category) : null)
        ?? _everything;

    public string? MatchRecipient(EvmAddress payTo) => _recipients.Count == 0 ? null : _recipients.GetValueOrDefault(payTo);

    /// <summary>Whether a host is listed with this very port.</summary>
    public bool ListsPort(in Target target) => _hosts.ListsPort(target);
}
