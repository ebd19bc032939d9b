using System.Text;
using SmartProxy.Policy.Document;

namespace SmartProxy.Policy.Analysis;

/// <summary>Where the members of a policy file stand.</summary>
internal sealed class MemberPlaces
{
    private readonly Dictionary<string, Node> _nodes = new(StringComparer.Ordinal);

    public MemberPlaces(string text)
    {
        if (JsonTreeReader.Read(Encoding.UTF8.GetBytes(text), new ProblemList("")) is { } root)
        {
            Note(root);
        }
    }

    /// <summary>The member's place, or that of the nearest one around it.</summary>
    public Place Find(string path)
    {
        for (var at = path; at.Length > 0; at = at[..Math.Max(0, at.LastIndexOfAny(['.', '[']))])
        {
            if (_nodes.TryGetValue(at, out var node))
            {
                return node.At;
            }
        }

        return default;
    }

    /// <summary>The texts of a list, each with its path.</summary>
    public IEnumerable<(string Text, string Path)> Texts(string path) =>
        _nodes.GetValueOrDefault(path) is ListNode list ? list.Items.OfType<ScalarNode>().Select(i => (i.Text, i.At.Path)) : [];

    /// <summary>The names of an object's members.</summary>
    public IEnumerable<string> Names(string path) => _nodes.GetValueOrDefault(path) is ObjectNode found ? found.Members.Select(m => m.Name) : [];

    private void Note(Node node)
    {
        _nodes[node.At.Path] = node;
        foreach (var child in node switch { ObjectNode o => o.Members.Select(m => m.Value), ListNode l => l.Items, _ => [] })
        {
            Note(child);
        }
    }
}
