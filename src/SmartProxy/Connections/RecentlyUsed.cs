using System.Diagnostics.CodeAnalysis;
using SmartProxy.Protocol;

namespace SmartProxy.Connections;

/// <summary>
/// A memory of so many things. When it is full, the one unused for longest makes room; an agent that fills half of it or more makes room among its
/// own, so that nobody flushes what others use. Not for several threads at once.
/// </summary>
/// <param name="capacity">How many things there are at most.</param>
internal sealed class RecentlyUsed<TKey, TValue>(int capacity)
    where TKey : notnull
{
    private readonly Dictionary<TKey, LinkedListNode<Entry>> _entries = [];
    private readonly LinkedList<Entry> _byUse = [];
    private readonly Dictionary<AgentId, int> _held = [];

    public int Count => _entries.Count;

    /// <summary>Finds a thing, which is used by that.</summary>
    public bool TryFind(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        if (!_entries.TryGetValue(key, out var node))
        {
            value = default;
            return false;
        }

        _byUse.Remove(node);
        _byUse.AddFirst(node);
        value = node.Value.Value;
        return true;
    }

    /// <summary>Keeps a thing that is not there yet.</summary>
    /// <param name="agent">On whose account.</param>
    /// <param name="key">What it is found by.</param>
    /// <param name="value">The thing.</param>
    public void Add(AgentId agent, TKey key, TValue value)
    {
        if (_entries.Count >= capacity)
        {
            Remove(OldestFor(agent).Key);
        }

        _entries.Add(key, _byUse.AddFirst(new Entry(agent, key, value)));
        _held[agent] = _held.GetValueOrDefault(agent) + 1;
    }

    public void Remove(TKey key)
    {
        if (!_entries.Remove(key, out var node))
        {
            return;
        }

        _byUse.Remove(node);
        if (--_held[node.Value.Agent] == 0)
        {
            _held.Remove(node.Value.Agent);
        }
    }

    private Entry OldestFor(AgentId agent)
    {
        var node = _byUse.Last!;
        var isOwn = _held.GetValueOrDefault(agent) >= Math.Max(1, capacity / 2);
        while (isOwn && node.Value.Agent != agent)
        {
            node = node.Previous!;
        }

        return node.Value;
    }

    private sealed record Entry(AgentId Agent, TKey Key, TValue Value);
}
