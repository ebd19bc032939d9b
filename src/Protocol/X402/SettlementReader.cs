using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using SmartProxy.Protocol.Json;

namespace SmartProxy.Protocol.X402;

/// <summary>What the headers of an answer say about a settlement.</summary>
public abstract record SettlementReading
{
    private SettlementReading()
    {
    }

    /// <summary>Neither header is there.</summary>
    public sealed record Absent : SettlementReading;

    /// <summary>A header is there and can't be read: as good as absent, but worth recording.</summary>
    /// <param name="Reason">A stable word, such as <c>bad_base64</c>.</param>
    public sealed record Unreadable(string Reason) : SettlementReading;

    /// <summary>The seller's word (x402 <c>SettlementResponse</c>): a claim, not a proof. Texts are cut and free of control characters.</summary>
    /// <param name="Success">Whether the seller says that it settled.</param>
    /// <param name="Transaction">The transaction's hash, at most 128 characters; empty when none was named.</param>
    /// <param name="Network">CAIP-2, or a name in version 1; at most 64 characters; empty when absent.</param>
    /// <param name="Payer">At most 128 characters.</param>
    /// <param name="Amount">What the seller says it charged; null when it does not say, which means the full amount, or says something unreadable.</param>
    /// <param name="ErrorReason">A code or free text, at most 256 characters.</param>
    public sealed record Claim(bool Success, string Transaction, string Network, string? Payer, TokenAmount? Amount, string? ErrorReason)
        : SettlementReading;
}

/// <summary>Reads the settlement header of an answer to a paid request: <c>PAYMENT-RESPONSE</c>, else <c>X-PAYMENT-RESPONSE</c>. Never throws.</summary>
public static class SettlementReader
{
    public const string Version2HeaderName = "PAYMENT-RESPONSE";

    public const string Version1HeaderName = "X-PAYMENT-RESPONSE";

    /// <param name="headerValues">Every field line of a header, in order; empty when absent.</param>
    public static SettlementReading Read(Func<string, IReadOnlyList<string>> headerValues)
    {
        var lines = Lines(headerValues);
        return lines.Count switch
        {
            0 => new SettlementReading.Absent(),
            1 => ReadLine(lines[0]),
            _ => new SettlementReading.Unreadable("duplicate_header"),
        };
    }

    /// <summary>The document in the header, for who reads more of it than the settlement; null when there is none, or when it can't be read. The caller disposes it.</summary>
    internal static JsonDocument? Document(Func<string, IReadOnlyList<string>> headerValues)
    {
        JsonDocument? document = null;
        if (Lines(headerValues) is [var line] && StrictBase64.TryDecode(line, out var bytes) is Base64Fault.None)
        {
            StrictJson.TryParse(ToUtf8(bytes), out document);
        }

        return document;
    }

    private static IReadOnlyList<string> Lines(Func<string, IReadOnlyList<string>> headerValues) =>
        headerValues(Version2HeaderName) is { Count: > 0 } lines ? lines : headerValues(Version1HeaderName);

    private static SettlementReading ReadLine(string line)
    {
        var fault = StrictBase64.TryDecode(line, out var bytes);
        if (fault is not Base64Fault.None)
        {
            return new SettlementReading.Unreadable(fault is Base64Fault.TooLarge ? "too_large" : "bad_base64");
        }

        StrictJson.TryParse(ToUtf8(bytes), out var document);
        using (document)
        {
            return document is null ? new SettlementReading.Unreadable("bad_json") : ReadDocument(document.RootElement);
        }
    }

    private static SettlementReading ReadDocument(JsonElement document)
    {
        if (!document.TryGetProperty("success", out var success) || success.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            return new SettlementReading.Unreadable("bad_success");
        }

        return new SettlementReading.Claim(
            success.GetBoolean(),
            TextOf(document, "transaction", 128) ?? "",
            TextOf(document, "network", 64) ?? "",
            TextOf(document, "payer", 128),
            TokenAmount.TryParse(TextOf(document, "amount", 64), out var amount) ? amount : null,
            TextOf(document, "errorReason", 256));
    }

    // Version 1 servers encode the text as Latin-1: bytes that are no UTF-8 are read as that.
    private static byte[] ToUtf8(byte[] bytes) => Utf8.IsValid(bytes) ? bytes : Encoding.UTF8.GetBytes(Encoding.Latin1.GetString(bytes));

    private static string? TextOf(JsonElement document, string name, int maxLength) =>
        document.TryGetProperty(name, out var member) && member.ValueKind is JsonValueKind.String ? Clean(member.GetString()!, maxLength) : null;

    // Control, format (bidi overrides) and separator characters mean something to a terminal, a log or a page; none belongs here.
    private static string Clean(string text, int maxLength)
    {
        var clean = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            var isPlain = Rune.GetUnicodeCategory(rune)
                is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
            if (isPlain && clean.Length + rune.Utf16SequenceLength <= maxLength)
            {
                clean.Append(rune.ToString());
            }
        }

        return clean.ToString();
    }
}
