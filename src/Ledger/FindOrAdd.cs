using System.Runtime.InteropServices;

namespace SmartProxy.Ledger;

internal static class FindOrAdd
{
    /// <summary>What a key leads to; made when there is nothing yet. One look, where asking first takes two.</summary>
    public static TValue Of<TKey, TValue>(this Dictionary<TKey, TValue> values, TKey key)
        where TKey : notnull
        where TValue : class, new() => CollectionsMarshal.GetValueRefOrAddDefault(values, key, out _) ??= new TValue();
}
