using System.Text;
using System.Text.Json;

namespace SmartProxy.Protocol.X402;

/// <summary>What a document offers, in words that are safe in a header: <c>exact eip155:8453, upto eip155:8453</c>, each once, at most 256 ASCII characters.</summary>
internal static class OfferedSummary
{
    private const int MaxLength = 256;
    private const int MaxWordLength = 64;

    public static string Of(JsonElement accepts)
    {
        var summary = new StringBuilder();
        foreach (var words in accepts.EnumerateArray().Select(WordsOf).OfType<string>().Distinct(StringComparer.Ordinal))
        {
            var separator = summary.Length == 0 ? "" : ", ";
            if (summary.Length + separator.Length + words.Length > MaxLength)
            {
                break;
            }

            summary.Append(separator).Append(words);
        }

        return summary.ToString();
    }

    private static string? WordsOf(JsonElement entry) =>
        entry.ValueKind is JsonValueKind.Object
        && entry.TryGetProperty("scheme", out var scheme) && scheme.ValueKind is JsonValueKind.String
        && entry.TryGetProperty("network", out var network) && network.ValueKind is JsonValueKind.String
            ? $"{Plain(scheme.GetString()!)} {Plain(network.GetString()!)}"
            : null;

    // A seller's text: anything that could mean something in a header or a log becomes a question mark.
    private static string Plain(string text)
    {
        var kept = text.AsSpan(0, Math.Min(text.Length, MaxWordLength));
        return string.Create(kept.Length, kept, static (plain, source) =>
        {
            for (var i = 0; i < plain.Length; i++)
            {
                plain[i] = char.IsAsciiLetterOrDigit(source[i]) || source[i] is ':' or '-' or '_' or '.' ? source[i] : '?';
            }
        });
    }
}
