using System.Buffers;
using System.Diagnostics;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using SmartProxy.Policy.Document;

namespace SmartProxy.Policy;

/// <summary>
/// The JSON Schema (draft 2020-12) of policy files, made from the same table that the reader uses. It is for editors: whatever it accepts is
/// still judged by the reader, which knows more.
/// </summary>
public static class PolicySchema
{
    /// <summary>The schema, ending in a line feed.</summary>
    public static string Text { get; } = Write();

    private static string Write()
    {
        var buffer = new ArrayBufferWriter<byte>();
        var options = new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (var json = new Utf8JsonWriter(buffer, options))
        {
            json.WriteStartObject();
            json.WriteString("$schema", "https://json-schema.org/draft/2020-12/schema");
            json.WriteString("title", "Smart Proxy policy");
            WriteEntity(json, PolicyModel.File);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan) + "\n";
    }

    private static void WriteEntity(Utf8JsonWriter json, Entity entity)
    {
        json.WriteString("type", "object");
        json.WriteStartObject("properties");
        foreach (var key in entity.Keys)
        {
            json.WriteStartObject(key.Name);
            json.WriteString("description", key.Help);
            WriteShape(json, key.Shape);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        if (entity.Other is { } other)
        {
            WritePatternProperties(json, other.Key, other.Value);
        }

        var required = entity.Keys.Where(k => k.IsRequired).Select(k => k.Name).ToList();
        if (required.Count > 0)
        {
            WriteWords(json, "required", required);
        }

        json.WriteBoolean("additionalProperties", false);
    }

    private static void WriteShape(Utf8JsonWriter json, Shape shape)
    {
        switch (shape)
        {
            case Shape.One one:
                WriteLeaf(json, one.Leaf);
                break;
            case Shape.Many { OrOne: false } many:
                WriteList(json, () => WriteLeaf(json, many.Leaf));
                break;
            case Shape.Many many:
                WriteAnyOf(json, () => WriteLeaf(json, many.Leaf), () => WriteList(json, () => WriteLeaf(json, many.Leaf)));
                break;
            case Shape.WordOrMany either:
                WriteAnyOf(json, () => WriteLeaf(json, either.Word), () => WriteList(json, () => WriteLeaf(json, either.Item)));
                break;
            case Shape.ManyOrObject any:
                WriteAnyOf(json, () => WriteLeaf(json, any.Leaf), () => WriteList(json, () => WriteLeaf(json, any.Leaf)), () => WriteEntity(json, any.Entity));
                break;
            case Shape.Objects objects:
                WriteList(json, () => WriteEntity(json, objects.Entity));
                break;
            case Shape.Object nested:
                WriteEntity(json, nested.Entity);
                break;
            case Shape.Map map:
                json.WriteString("type", "object");
                WritePatternProperties(json, map.Key, map.Value);
                json.WriteBoolean("additionalProperties", false);
                break;
            default:
                throw new UnreachableException();
        }
    }

    private static void WriteAnyOf(Utf8JsonWriter json, params ReadOnlySpan<Action> choices)
    {
        json.WriteStartArray("anyOf");
        foreach (var write in choices)
        {
            json.WriteStartObject();
            write();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteList(Utf8JsonWriter json, Action writeItem)
    {
        json.WriteString("type", "array");
        json.WriteStartObject("items");
        writeItem();
        json.WriteEndObject();
    }

    private static void WritePatternProperties(Utf8JsonWriter json, Leaf key, Shape value)
    {
        json.WriteStartObject("patternProperties");
        json.WriteStartObject(key.Pattern ?? ".+");
        WriteShape(json, value);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteLeaf(Utf8JsonWriter json, Leaf leaf)
    {
        json.WriteString("type", leaf.Type switch
        {
            JsonTokenType.String => "string",
            JsonTokenType.Number => "integer",
            JsonTokenType.True => "boolean",
            _ => throw new UnreachableException(),
        });
        if (leaf.Pattern is { } pattern)
        {
            json.WriteString("pattern", pattern);
        }

        if (leaf.Choices.Count > 0)
        {
            WriteWords(json, "enum", leaf.Choices);
        }

        if (leaf.Range is { } range)
        {
            json.WriteNumber("minimum", range.Least);
            json.WriteNumber("maximum", range.Most);
        }
    }

    private static void WriteWords(Utf8JsonWriter json, string name, IReadOnlyList<string> words)
    {
        json.WriteStartArray(name);
        foreach (var word in words)
        {
            json.WriteStringValue(word);
        }

        json.WriteEndArray();
    }
}
