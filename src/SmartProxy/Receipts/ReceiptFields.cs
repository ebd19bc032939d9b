using System.Globalization;
using System.Text.Json;

namespace SmartProxy.Receipts;

/// <summary>The members of a receipt that may be absent, and texts of strangers, which are bounded.</summary>
internal static class ReceiptFields
{
    /// <summary>Longest text of a stranger, in characters; what is cut ends in an ellipsis.</summary>
    public const int MaxSellerText = 256;

    public static void WriteText(Utf8JsonWriter json, string name, string? text)
    {
        if (text is not null)
        {
            json.WriteString(name, text);
        }
    }

    public static void WriteSeller(Utf8JsonWriter json, string name, string? text) =>
        WriteText(json, name, text is null ? null : Bounded(text, MaxSellerText));

    public static void WriteTime(Utf8JsonWriter json, string name, DateTimeOffset? time) =>
        WriteText(json, name, time?.UtcDateTime.ToString(Receipt.TimeFormat, CultureInfo.InvariantCulture));

    public static string Bounded(string text, int length)
    {
        if (text.Length <= length)
        {
            return text;
        }

        return text[..(char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)] + "…";
    }
}
