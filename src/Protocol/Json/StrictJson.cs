using System.Text.Json;
using System.Text.Unicode;

namespace SmartProxy.Protocol.Json;

/// <summary>Why a JSON text was refused.</summary>
internal enum JsonFault
{
    None,

    /// <summary>Not JSON (RFC 8259), or text that is not Unicode.</summary>
    BadJson,

    /// <summary>Something else than an object at the top.</summary>
    NotObject,

    /// <summary>More than <see cref="StrictJson.MaxDepth"/> levels.</summary>
    TooDeep,

    /// <summary>A member name that comes twice in one object: two readers could see two prices.</summary>
    DuplicateKeys,

    /// <summary>More than <see cref="StrictJson.MaxBytes"/> bytes.</summary>
    TooLarge,
}

/// <summary>
/// JSON of strangers, read so that any two readers agree on it: one object, bounded in size and depth, no repeated name, no comment, no trailing
/// comma, well-formed Unicode everywhere. The elements of the document keep their raw text.
/// </summary>
internal static class StrictJson
{
    /// <summary>Levels of nesting, the top-level object being the first.</summary>
    public const int MaxDepth = 32;

    /// <summary>In bytes.</summary>
    public const int MaxBytes = 64 * 1024;

    private static readonly JsonDocumentOptions Options = new()
    {
        MaxDepth = MaxDepth,
        AllowDuplicateProperties = false,
        AllowTrailingCommas = false,
        CommentHandling = JsonCommentHandling.Disallow,
    };

    /// <summary>Parses, or says why not. The caller disposes the document.</summary>
    public static JsonFault TryParse(ReadOnlyMemory<byte> utf8, out JsonDocument? document)
    {
        document = null;
        var fault = Scan(utf8.Span);
        if (fault is not JsonFault.None)
        {
            return fault;
        }

        try
        {
            document = JsonDocument.Parse(utf8, Options);
            return JsonFault.None;
        }
        catch (JsonException)
        {
            // The scan accepted everything else that the parser looks at.
            return JsonFault.DuplicateKeys;
        }
    }

    /// <summary>
    /// Whether the top-level object names <paramref name="name"/>, as far as the text can be read: for documents that were cut or that
    /// <see cref="TryParse"/> refused.
    /// </summary>
    public static bool HasMember(ReadOnlySpan<byte> utf8, ReadOnlySpan<byte> name)
    {
        var reader = NewReader(utf8, isFinalBlock: false);
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.PropertyName && reader.CurrentDepth == 1 && reader.ValueTextEquals(name))
                {
                    return true;
                }
            }
        }
        catch (JsonException)
        {
        }

        return false;
    }

    private static JsonFault Scan(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > MaxBytes)
        {
            return JsonFault.TooLarge;
        }

        if (!Utf8.IsValid(utf8))
        {
            return JsonFault.BadJson;
        }

        var reader = NewReader(utf8, isFinalBlock: true);
        var isObject = false;
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray && reader.CurrentDepth >= MaxDepth)
                {
                    return JsonFault.TooDeep;
                }

                if (reader.ValueIsEscaped && !IsUnicode(ref reader))
                {
                    return JsonFault.BadJson;
                }

                isObject |= reader.TokenType is JsonTokenType.StartObject && reader.CurrentDepth == 0;
            }
        }
        catch (JsonException)
        {
            return JsonFault.BadJson;
        }

        return isObject ? JsonFault.None : JsonFault.NotObject;
    }

    // Depth is counted here and not by the reader, so that its exceptions mean one thing only.
    private static Utf8JsonReader NewReader(ReadOnlySpan<byte> utf8, bool isFinalBlock) =>
        new(utf8, isFinalBlock, new JsonReaderState(new JsonReaderOptions { MaxDepth = Math.Max(utf8.Length, 1) }));

    // An escaped lone surrogate is the one thing that is valid JSON and no text.
    private static bool IsUnicode(ref Utf8JsonReader reader)
    {
        try
        {
            _ = reader.GetString();
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
