using System.Globalization;
using System.Text.Json;

namespace SmartProxy.Policy.Document;

/// <summary>A place in a file. Line and column count from 1, columns in bytes.</summary>
internal readonly record struct Place(int Line, int Column, string Path)
{
    /// <summary>The file, where a policy has several; null for the only one, or for the folder as a whole.</summary>
    public string? File { get; init; }

    /// <summary><c>policies.d/agents.json:7</c></summary>
    public string Words => string.Create(CultureInfo.InvariantCulture, $"{File ?? "line"}:{Line}");

    /// <summary>Whether it stands before the other: in the order of the files, then of their lines.</summary>
    public bool IsBefore(Place other) => (string.CompareOrdinal(File, other.File), Line, Column).CompareTo((0, other.Line, other.Column)) < 0;
}

/// <summary>JSON with its places. Whatever a rule says later can be traced to the line that a person wrote.</summary>
internal abstract record Node(Place At)
{
    /// <summary>How a message shows it after <c>found</c>, within backticks; short, and without control characters.</summary>
    public abstract string Shown { get; }

    /// <summary>Text, shortened and made harmless for a terminal and a log.</summary>
    public static string Show(string text)
    {
        const int longest = 60;
        var cut = text.Length > longest ? string.Concat(text.AsSpan(0, longest), "…") : text;
        return string.Concat(cut.Select(c => char.IsControl(c) || c == '`' ? '\uFFFD' : c));
    }
}

internal sealed record ObjectNode(Place At, IReadOnlyList<Member> Members) : Node(At)
{
    public override string Shown => "{…}";

    public Node? Find(string name) => Members.FirstOrDefault(m => m.Name == name)?.Value;
}

internal sealed record Member(string Name, Place At, Node Value);

internal sealed record ListNode(Place At, IReadOnlyList<Node> Items) : Node(At)
{
    public override string Shown => "[…]";
}

/// <param name="At">Where.</param>
/// <param name="Type">String, number, true, false or null.</param>
/// <param name="Text">A string's decoded text; the digits or the word otherwise.</param>
internal sealed record ScalarNode(Place At, JsonTokenType Type, string Text) : Node(At)
{
    public override string Shown => Type == JsonTokenType.String ? $"\"{Show(Text)}\"" : Show(Text);
}
