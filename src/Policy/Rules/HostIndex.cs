namespace SmartProxy.Policy.Rules;

/// <summary>Host patterns and what they stand for. A look-up costs one hash for the host and one for each of its parent names, however many patterns there are.</summary>
internal sealed class HostIndex<T>
    where T : class
{
    private readonly Dictionary<string, List<Entry>> _exact = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<Entry>> _below = new(StringComparer.Ordinal);

    public HostIndex(IEnumerable<(HostPattern Pattern, T Value)> entries)
    {
        foreach (var (pattern, value) in entries)
        {
            var index = pattern.Below ? _below : _exact;
            if (!index.TryGetValue(pattern.Host.Value, out var list))
            {
                index.Add(pattern.Host.Value, list = []);
            }

            list.Add(new Entry(pattern, value));
        }
    }

    /// <summary>The value of the most specific pattern that matches; among equals the first one given.</summary>
    public T? Find(in Target target)
    {
        if (_exact.TryGetValue(target.Host.Value, out var entries) && First(entries, target) is { } exact)
        {
            return exact;
        }

        return _below.Count == 0 || target.Host.IsAddress ? null : FindBelow(target);
    }

    /// <summary>Whether a host without regard to its port, or one below it, is listed with this very port.</summary>
    public bool ListsPort(in Target target)
    {
        var any = target with { IsDefaultPort = false };
        return Find(any) is not null;
    }

    /// <summary>Pairs of patterns that some origin matches both of, where <paramref name="clash"/> says that this is one pair too many.</summary>
    public IEnumerable<(T First, HostPattern FirstPattern, T Second, HostPattern SecondPattern)> Overlaps(Func<T, T, bool> clash)
    {
        foreach (var entry in _exact.Values.Concat(_below.Values).SelectMany(list => list))
        {
            foreach (var other in Candidates(entry.Pattern))
            {
                if (!ReferenceEquals(entry, other) && clash(entry.Value, other.Value) && entry.Pattern.Overlaps(other.Pattern))
                {
                    yield return (entry.Value, entry.Pattern, other.Value, other.Pattern);
                }
            }
        }
    }

    private IEnumerable<Entry> Candidates(HostPattern pattern)
    {
        var name = pattern.Host.Value;
        var same = (pattern.Below ? _below : _exact)[name];
        var parents = Enumerable.Range(0, name.Length)
            .Where(i => name[i] == '.')
            .SelectMany(i => _below.TryGetValue(name[(i + 1)..], out var list) ? list : []);
        return pattern.Host.IsAddress ? same : same.Concat(parents);
    }

    private T? FindBelow(in Target target)
    {
        var lookup = _below.GetAlternateLookup<ReadOnlySpan<char>>();
        var rest = target.Host.Value.AsSpan();
        for (var dot = rest.IndexOf('.'); dot >= 0; dot = rest.IndexOf('.'))
        {
            rest = rest[(dot + 1)..];
            if (lookup.TryGetValue(rest, out var entries) && First(entries, target) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    private static T? First(List<Entry> entries, in Target target)
    {
        foreach (var entry in entries)
        {
            if (entry.Pattern.MatchesPort(target))
            {
                return entry.Value;
            }
        }

        return null;
    }

    private sealed record Entry(HostPattern Pattern, T Value);
}
