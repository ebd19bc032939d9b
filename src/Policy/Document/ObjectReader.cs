using System.Diagnostics.CodeAnalysis;

namespace SmartProxy.Policy.Document;

/// <summary>
/// Reads the members of one object of the file. Making one reports every key that its entity does not have, and every required key that is
/// missing; so nothing that a person wrote is passed over.
/// </summary>
internal sealed class ObjectReader
{
    private readonly ObjectNode _node;
    private readonly ProblemList _problems;

    private ObjectReader(ObjectNode node, ProblemList problems) => (_node, _problems) = (node, problems);

    public Place At => _node.At;

    /// <summary>Null, with a problem, when the node is no object.</summary>
    public static ObjectReader? Of(Node? node, Entity entity, ProblemList problems)
    {
        if (!IsObject(node, problems, out var found))
        {
            return null;
        }

        foreach (var member in found.Members)
        {
            JudgeKey(member, entity, problems);
        }

        foreach (var missing in entity.Keys.Where(key => key.IsRequired && found.Find(key.Name) is null))
        {
            problems.Add(found.At, $"expected `{missing.Name}`, found nothing: add it ({missing.Help.TrimEnd('.')})");
        }

        return new ObjectReader(found, problems);
    }

    /// <summary>The members of an object whose keys the operator chooses; those with a wrong key are reported and left out.</summary>
    public static IEnumerable<(TKey Key, Member Member)> Entries<TKey>(Node? node, Leaf<TKey> keys, ProblemList problems)
    {
        if (node is null || !IsObject(node, problems, out var found))
        {
            yield break;
        }

        foreach (var member in found.Members)
        {
            if (keys.Parse(member.Name, out var key))
            {
                yield return (key, member);
                continue;
            }

            problems.Add(member.At, $"expected {keys.Expected}, found `{Node.Show(member.Name)}`");
        }
    }

    public Node? Find(string key) => _node.Find(key);

    /// <summary>Members with a key that the entity does not name.</summary>
    public IEnumerable<Member> Others(Entity entity) => _node.Members.Where(m => entity.Find(m.Name) is null);

    public Located<T>? One<T>(string key, Leaf<T> leaf) =>
        Find(key) is { } node && leaf.TryRead(node, _problems, out var value) ? new Located<T>(value, node.At) : null;

    /// <summary>A list, or one item without the list; null when absent. An empty list is a mistake unless nothing is a thing to say here.</summary>
    public IReadOnlyList<Located<T>>? Many<T>(string key, Leaf<T> leaf, bool mayBeEmpty = false)
        where T : notnull
    {
        if (Find(key) is not { } node)
        {
            return null;
        }

        var items = node is ListNode list ? list.Items : [node];
        if (items.Count == 0 && !mayBeEmpty)
        {
            _problems.Add(node.At, $"expected at least one item ({leaf.Expected}), found `[]`: add one, or remove the key");
        }

        var values = new List<Located<T>>();
        foreach (var item in items)
        {
            if (!leaf.TryRead(item, _problems, out var value))
            {
                continue;
            }

            if (values.Any(v => v.Value.Equals(value)))
            {
                _problems.Add(item.At, $"expected each item once, found `{item.Shown}` again: remove it");
            }

            values.Add(new Located<T>(value, item.At));
        }

        return values;
    }

    private static bool IsObject(Node? node, ProblemList problems, [MaybeNullWhen(false)] out ObjectNode found)
    {
        found = node as ObjectNode;
        if (node is not null && found is null)
        {
            problems.Add(node.At, $"expected an object in braces, found `{node.Shown}`");
        }

        return found is not null;
    }

    private static void JudgeKey(Member member, Entity entity, ProblemList problems)
    {
        switch (entity.Find(member.Name))
        {
            case null when entity.Other is not { } other:
                problems.Add(member.At, $"expected a known key, found `{Node.Show(member.Name)}`{Suggest(member.Name, entity)}");
                break;
            case null when !Leaves.Duration.Parse(member.Name, out _):
                problems.Add(member.At, $"expected {KeyList(entity)} or {Leaves.Duration.Expected}, found `{Node.Show(member.Name)}`{Suggestion.For(member.Name, Names(entity))}");
                break;
            default:
                break;
        }
    }

    private static string Suggest(string name, Entity entity)
    {
        var guess = Suggestion.For(name, Names(entity));
        return guess.Length > 0 ? guess : $": use one of {KeyList(entity)}";
    }

    private static string KeyList(Entity entity) => string.Join(", ", Names(entity).Select(k => $"`{k}`"));

    private static IEnumerable<string> Names(Entity entity) => entity.Keys.Select(k => k.Name);
}
