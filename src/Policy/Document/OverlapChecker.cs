using SmartProxy.Policy.Rules;

namespace SmartProxy.Policy.Document;

/// <summary>Every host belongs to at most one merchant and one category.</summary>
internal sealed class OverlapChecker(PolicyDocument file, ProblemList problems)
{
    public void Check()
    {
        CheckMerchants();
        CheckCategories();
    }

    private void CheckMerchants()
    {
        var places = file.Merchants.ToDictionary(m => m.Name, m => m);
        var index = new HostIndex<string>(file.Merchants.SelectMany(m => m.Hosts.Select(h => (h.Value, m.Name))));
        var seen = new HashSet<(string, string)>();
        foreach (var (first, firstHost, second, secondHost) in index.Overlaps((a, b) => a != b))
        {
            // The later one in the file is told, once.
            var swap = Before(places[second].At, places[first].At);
            var (earlier, earlierHost, later, laterHost) = swap ? (second, secondHost, first, firstHost) : (first, firstHost, second, secondHost);
            if (seen.Add((earlier + ' ' + earlierHost, later + ' ' + laterHost)))
            {
                var at = places[later].Hosts.First(h => h.Value == laterHost).At;
                problems.Add(at, $"expected every host under one merchant, found `{laterHost}`, which overlaps `{earlierHost}` of `{earlier}`: remove one");
            }
        }
    }

    private void CheckCategories()
    {
        var merchants = file.Merchants.Where(m => m.Category is not null).SelectMany(m => m.Hosts.Select(h => (h.Value, new Claim(m.Category!.Value.Value, $"merchants.{m.Name}", h.At))));
        var categories = file.Categories.SelectMany(c => c.Hosts.Select(h => (h.Value, new Claim(c.Name, $"categories.{c.Name}", h.At))));
        var index = new HostIndex<Claim>(merchants.Concat(categories));
        var told = new HashSet<Place>();
        foreach (var (first, firstHost, second, secondHost) in index.Overlaps((a, b) => a.Category != b.Category))
        {
            var swap = Before(second.At, first.At);
            var (earlier, earlierHost, later, laterHost) = swap ? (second, secondHost, first, firstHost) : (first, firstHost, second, secondHost);
            var betweenMerchants = earlier.Owner.StartsWith('m') && later.Owner.StartsWith('m');
            if (!betweenMerchants && told.Add(later.At))
            {
                problems.Add(later.At, $"expected one category for every host, found `{laterHost}` in `{later.Category}` overlapping `{earlierHost}` of {earlier.Owner} in `{earlier.Category}`: remove one");
            }
        }
    }

    private static bool Before(Place a, Place b) => (a.Line, a.Column).CompareTo((b.Line, b.Column)) < 0;

    private sealed record Claim(string Category, string Owner, Place At);
}
