using System.Text.Json;

namespace SmartProxy.Receipts;

/// <summary>Reads a JSON Web Key Set (RFC 7517 5). Keys of other kinds are left out, as the standard asks.</summary>
internal static class JwkSet
{
    public const int MaxLength = 256 * 1024;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    public static bool TryRead(string json, out IReadOnlyList<ReceiptJwk> keys)
    {
        keys = [];
        if (json.Length > MaxLength)
        {
            return false;
        }

        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            if (document.RootElement.ValueKind != JsonValueKind.Object
                || !document.RootElement.TryGetProperty("keys", out var list)
                || list.ValueKind != JsonValueKind.Array)
            {
                return false;
            }

            keys = [.. list.EnumerateArray().Select(ReceiptJwk.Read).OfType<ReceiptJwk>()];
            return true;
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            return false;
        }
    }
}
