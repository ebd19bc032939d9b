using SmartProxy.Policy.Rules;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Document;

/// <summary>Reads <c>limits</c>; calendar windows get the file's time zone.</summary>
internal sealed class LimitsReader(TimeZoneInfo zone, ProblemList problems)
{
    private static readonly (string Key, CalendarPeriod Period)[] Calendar =
    [
        ("day", CalendarPeriod.Day),
        ("week", CalendarPeriod.Week),
        ("month", CalendarPeriod.Month),
        ("quarter", CalendarPeriod.Quarter),
        ("year", CalendarPeriod.Year),
    ];

    private static readonly (string Key, EachBy By)[] EachWords = [("merchant", EachBy.Merchant), ("recipient", EachBy.Recipient), ("category", EachBy.Category)];

    /// <summary>Null where the owner says no limits.</summary>
    public LimitsEntry? Read(ObjectReader owner, Entity entity)
    {
        if (ObjectReader.Of(owner.Find("limits"), entity, problems) is not { } limits)
        {
            return null;
        }

        var each = entity.Find("each") is null ? null : ObjectReader.Of(limits.Find("each"), PolicyModel.Each, problems);
        return new LimitsEntry(
            limits.At,
            ReadWindows(limits),
            [.. EachWords.SelectMany(word => each?.Find(word.Key) is { } node ? [new EachEntry(word.By, node.At, ReadNarrow(node))] : Array.Empty<EachEntry>())],
            entity.Find("in") is null ? [] : [.. ReadIn(limits.Find("in"))]);
    }

    private IEnumerable<NarrowedEntry> ReadIn(Node? node)
    {
        var seen = new Dictionary<Selector, string>();
        foreach (var (selector, member) in ObjectReader.Entries(node, Leaves.Selector, problems))
        {
            if (selector is Selector.Everything or Selector.Recipient)
            {
                problems.Add(member.At, $"expected a merchant's name, an endpoint, `category:NAME`, a host, `network:NAME` or `asset:SYMBOL`, found `{Node.Show(member.Name)}`: limits over everything stand beside `in`, limits on recipients under `each`");
                continue;
            }

            if (!seen.TryAdd(selector, member.Name))
            {
                problems.Add(member.At, $"expected each selector once, found `{Node.Show(member.Name)}`, which means the same as `{Node.Show(seen[selector])}`: keep one of them");
            }

            yield return new NarrowedEntry(selector, member.At, ReadNarrow(member.Value));
        }
    }

    private List<LimitEntry> ReadNarrow(Node? node) =>
        ObjectReader.Of(node, PolicyModel.Narrow, problems) is { } narrow ? ReadWindows(narrow) : [];

    private List<LimitEntry> ReadWindows(ObjectReader limits)
    {
        var found = new List<LimitEntry>();
        Add("payment", null);
        foreach (var (key, window) in Windows(limits, PolicyModel.Limits))
        {
            Add(key, window);
        }

        if (ObjectReader.Of(limits.Find("payments"), PolicyModel.Payments, problems) is { } payments)
        {
            found.AddRange(ReadCounts(payments, [.. Windows(payments, PolicyModel.Payments), ("concurrent", new SpendWindow.UnderWay())]));
        }

        return found;

        void Add(string key, SpendWindow? window)
        {
            if (limits.One(key, Leaves.Dollars) is { } limit)
            {
                found.Add(new LimitEntry(key, limit.At, window, limit.Value));
            }
        }
    }

    private static IEnumerable<LimitEntry> ReadCounts(ObjectReader payments, IEnumerable<(string Key, SpendWindow Window)> windows)
    {
        foreach (var (key, window) in windows)
        {
            if (payments.One(key, Leaves.Count) is { } limit)
            {
                yield return new LimitEntry($"payments.{key}", limit.At, window, new Quantity(SpendMeasure.Payments, (UInt128)limit.Value));
            }
        }
    }

    // Every window that the object may have; the durations among them are read from its keys.
    private IEnumerable<(string Key, SpendWindow Window)> Windows(ObjectReader limits, Entity entity) =>
    [
        .. Calendar.Select(c => (c.Key, (SpendWindow)new SpendWindow.Calendar(c.Period, zone))),
        ("total", new SpendWindow.Total()),
        .. limits.Others(entity).SelectMany(m => Leaves.Duration.Parse(m.Name, out var length) ? [(m.Name, (SpendWindow)new SpendWindow.Rolling(length))] : Array.Empty<(string, SpendWindow)>()),
    ];
}
