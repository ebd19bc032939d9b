using System.Text.Json;

namespace SmartProxy.Protocol.X402;

/// <summary>Observations on a document that do not change its class. Each is a stable word, at most once.</summary>
internal static class ChallengeFlags
{
    // Facilitators refuse an authorization with less than six seconds left, twice: at verify and at settle.
    private const long ShortTimeoutSeconds = 10;

    // The longest validity that anyone should sign; a seller may ask for years.
    private const long LongTimeoutSeconds = 600;

    public static IReadOnlyList<string> Of(
        JsonElement document, int version, IReadOnlyList<PaymentOffer> offers, string? requestUrl, AssetRegistry assets)
    {
        List<string> flags = [];
        Add("zero_amount", offers.Any(offer => offer.Amount.IsZero));
        Add("zero_address", offers.Any(offer => offer.PayTo == EvmAddress.Zero || offer.Asset == EvmAddress.Zero));
        Add("clamp_timeout", offers.Any(offer => offer.MaxTimeoutSeconds > LongTimeoutSeconds));
        Add("short_timeout", offers.Any(offer => offer.MaxTimeoutSeconds < ShortTimeoutSeconds));
        Add("domain_name_mismatch", offers.Any(offer => StatesAnotherDomain(offer, assets)));
        Add("upfront", offers.Any(offer => offer.IsUpfront));

        var resources = ResourceTexts(document, version, offers).ToList();
        Add("resource_mismatch", resources.Any(text => text.Name is "url" or "resource" && NamesAnotherHost(text.Value, requestUrl)));
        Add("sanitise_text", resources.Select(text => text.Value).Append(TextOf(document, "error")).Any(text => text.Any(char.IsControl)));
        return flags;

        void Add(string flag, bool applies)
        {
            if (applies)
            {
                flags.Add(flag);
            }
        }
    }

    private static bool StatesAnotherDomain(PaymentOffer offer, AssetRegistry assets) =>
        assets.TryFind(offer.Network, offer.Asset, out var asset)
        && (asset.DomainName != offer.DomainName || asset.DomainVersion != offer.DomainVersion);

    // Version 2 describes the resource once, version 1 in every entry.
    private static IEnumerable<(string Name, string Value)> ResourceTexts(JsonElement document, int version, IReadOnlyList<PaymentOffer> offers)
    {
        if (version == 2)
        {
            return document.TryGetProperty("resource", out var resource) ? Texts(resource) : [];
        }

        var accepts = document.GetProperty("accepts");
        return offers.SelectMany(offer => Texts(accepts[offer.Index])).Where(text => text.Name is "resource" or "description" or "mimeType");
    }

    private static IEnumerable<(string Name, string Value)> Texts(JsonElement element) =>
        element.ValueKind is JsonValueKind.Object
            ? element.EnumerateObject().Where(member => member.Value.ValueKind is JsonValueKind.String).Select(member => (member.Name, member.Value.GetString()!))
            : [];

    // Another scheme, path or query is normal (a TLS terminator, a canonical URL); another host deserves a look.
    private static bool NamesAnotherHost(string url, string? requestUrl)
    {
        if (requestUrl is null || IsRelative(url))
        {
            return false;
        }

        return !TryGetHost(url, out var named) || !TryGetHost(requestUrl, out var requested) || named != requested;
    }

    private static bool IsRelative(string url) => url.Length == 0 || (url[0] == '/' && !url.StartsWith("//", StringComparison.Ordinal));

    // Not by way of System.Uri, which throws on some hosts that it has parsed.
    private static bool TryGetHost(string url, out HostName host)
    {
        host = default;
        var start = url.IndexOf("//", StringComparison.Ordinal);
        if (start < 0)
        {
            return false;
        }

        var authority = url[(start + 2)..];
        var end = authority.AsSpan().IndexOfAny("/?#\\");
        authority = end < 0 ? authority : authority[..end];
        return Origin.TryParseAuthority(authority[(authority.LastIndexOf('@') + 1)..], Origin.HttpsPort, out host, out _);
    }

    private static string TextOf(JsonElement element, string name) =>
        element.TryGetProperty(name, out var member) && member.ValueKind is JsonValueKind.String ? member.GetString()! : "";
}
