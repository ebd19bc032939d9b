using System.Diagnostics;
using SmartProxy.Policy.Document;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Rules;

/// <summary>A selector and where it was written.</summary>
/// <param name="Path">Its place: <c>policies.research.allow[0]</c>.</param>
/// <param name="Text">Its text: <c>exa</c>.</param>
internal sealed record Written(string Path, string Text)
{
    /// <summary>Both: <c>policies.research.allow[0] exa</c>.</summary>
    public string Words { get; } = $"{Path} {Text}";
}

/// <summary>A union of selectors, indexed. Every answer is the selector that matched.</summary>
internal sealed class SelectorSet
{
    public static readonly SelectorSet Nothing = new([]);

    private readonly Written? _everything;
    private readonly Dictionary<string, Written> _merchants = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Written> _categories = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<(Selector.Endpoint Endpoint, Written Written)>> _endpoints = new(StringComparer.Ordinal);
    private readonly Dictionary<EvmAddress, Written> _recipients = [];
    private readonly HostIndex<Written> _hosts;

    /// <param name="selectors">Networks and assets are no selectors here; the checker sees to it.</param>
    public SelectorSet(IReadOnlyList<Located<Selector>> selectors)
    {
        var hosts = new List<(HostPattern, Written)>();
        foreach (var (selector, at) in selectors)
        {
            var written = new Written(at.Path, selector.ToString()!);
            switch (selector)
            {
                case Selector.Everything:
                    _everything ??= written;
                    break;
                case Selector.Merchant merchant:
                    _merchants.TryAdd(merchant.Name, written);
                    break;
                case Selector.Category category:
                    _categories.TryAdd(category.Name, written);
                    break;
                case Selector.Endpoint endpoint:
                    AddEndpoint(endpoint, written);
                    break;
                case Selector.Recipient recipient:
                    _recipients.TryAdd(recipient.Address, written);
                    break;
                case Selector.Host host:
                    hosts.Add((host.Pattern, written));
                    break;
                default:
                    throw new UnreachableException();
            }
        }

        _hosts = new HostIndex<Written>(hosts);
        Texts = [.. selectors.Select(s => s.Value.ToString()!).Distinct().Order(StringComparer.Ordinal)];
    }

    /// <summary>The selectors' own texts, sorted.</summary>
    public IReadOnlyList<string> Texts { get; }

    /// <summary>The most particular selector that matches a whole host: host, merchant, category, everything; or null. Endpoints are left out.</summary>
    public Written? Match(in Site site) =>
        _hosts.Find(site.Target)
        ?? (site.Merchant is { } merchant ? _merchants.GetValueOrDefault(merchant.Name) : null)
        ?? (site.Category is { } category ? _categories.GetValueOrDefault(category) : null)
        ?? _everything;

    /// <summary>An endpoint that some reading of the request fits: for <c>deny</c>.</summary>
    public Written? MatchAnyReading(in Site site, string method, RequestPath path) => Endpoint(site, e => e.MayMatch(method, path));

    /// <summary>An endpoint that every reading of the request fits: for <c>allow</c>.</summary>
    public Written? MatchEveryReading(in Site site, string method, RequestPath path) => Endpoint(site, e => e.SurelyMatches(method, path));

    /// <summary>Whether some endpoint of the host is selected.</summary>
    public bool HasEndpoint(in Site site) => site.Merchant is { } merchant && _endpoints.ContainsKey(merchant.Name);

    public Written? MatchRecipient(EvmAddress payTo) => _recipients.Count == 0 ? null : _recipients.GetValueOrDefault(payTo);

    /// <summary>Whether a host is listed with this very port.</summary>
    public bool ListsPort(in Target target) => _hosts.ListsPort(target);

    private Written? Endpoint(in Site site, Func<Selector.Endpoint, bool> matches)
    {
        if (_endpoints.Count == 0 || site.Merchant is not { } merchant || !_endpoints.TryGetValue(merchant.Name, out var endpoints))
        {
            return null;
        }

        foreach (var (endpoint, written) in endpoints)
        {
            if (matches(endpoint))
            {
                return written;
            }
        }

        return null;
    }

    private void AddEndpoint(Selector.Endpoint endpoint, Written written)
    {
        if (!_endpoints.TryGetValue(endpoint.Seller, out var list))
        {
            _endpoints.Add(endpoint.Seller, list = []);
        }

        list.Add((endpoint, written));
    }
}
