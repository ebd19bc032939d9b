using System.Text.Json;

namespace SmartProxy.AdminApi;

/// <summary>Bodies that our own endpoints take: bounded, and strict about every member, because a misspelt one would be an order to somebody else.</summary>
internal static class ApiBody
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 2 };

    /// <summary>The whole body; null when it is longer, or says no length.</summary>
    public static async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(HttpContext context, int maxLength)
    {
        if (context.Request.ContentLength is not { } length || length > maxLength)
        {
            return null;
        }

        var bytes = new byte[(int)length];
        await context.Request.Body.ReadExactlyAsync(bytes, context.RequestAborted);
        return bytes;
    }

    /// <summary>The text members of a small object; null when it is none, or has a member that is not among <paramref name="names"/> or not text.</summary>
    public static async ValueTask<IReadOnlyDictionary<string, string>?> ReadTextsAsync(HttpContext context, int maxLength, params string[] names)
    {
        if (await ReadAsync(context, maxLength) is not { } body)
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(body, Strict);
            return Texts(document.RootElement, names);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException) // the latter for half a surrogate pair
        {
            return null;
        }
    }

    private static Dictionary<string, string>? Texts(JsonElement root, string[] names)
    {
        if (root.ValueKind is not JsonValueKind.Object)
        {
            return null;
        }

        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var member in root.EnumerateObject())
        {
            if (member.Value.ValueKind is not JsonValueKind.String || !names.Contains(member.Name))
            {
                return null;
            }

            texts[member.Name] = member.Value.GetString()!;
        }

        return texts;
    }
}
