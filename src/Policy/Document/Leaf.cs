using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace SmartProxy.Policy.Document;

/// <summary>A value that has no members: how it is written, and what a person is told who wrote something else. The reader and the schema share it.</summary>
/// <param name="Expected">Completes <c>expected …</c>.</param>
/// <param name="Type">String, number or true (for both booleans).</param>
internal abstract record Leaf(string Expected, JsonTokenType Type)
{
    /// <summary>A regular expression for the schema; it may accept more than the reader does, never less.</summary>
    public string? Pattern { get; init; }

    /// <summary>The words to choose from, where there are few.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>Bounds of a whole number.</summary>
    public (int Least, int Most)? Range { get; init; }

    protected bool IsType(Node node) => node is ScalarNode scalar && (Type == JsonTokenType.True ? scalar.Type is JsonTokenType.True or JsonTokenType.False : scalar.Type == Type);
}

internal delegate bool TryParse<T>(string text, [MaybeNullWhen(false)] out T value);

/// <inheritdoc cref="Leaf"/>
internal sealed record Leaf<T>(string Expected, TryParse<T> Parse, JsonTokenType Type = JsonTokenType.String) : Leaf(Expected, Type)
{
    public bool TryRead(Node node, ProblemList problems, [MaybeNullWhen(false)] out T value)
    {
        if (IsType(node) && Parse(((ScalarNode)node).Text, out value))
        {
            return true;
        }

        value = default;
        var guess = node is ScalarNode { Type: JsonTokenType.String } text ? Suggestion.For(text.Text, Choices) : "";
        problems.Add(node.At, $"expected {Expected}, found `{node.Shown}`{guess}");
        return false;
    }
}
