using System.Text.Json;

namespace SmartProxy.Protocol.X402;

/// <summary>What one entry of <c>accepts</c> turned out to be.</summary>
/// <param name="Offer">Set when it can be paid.</param>
/// <param name="Reason">The stable word.</param>
/// <param name="IsWellFormed">Whether the entry keeps the rules, payable or not.</param>
internal readonly record struct EntryReading(PaymentOffer? Offer, string Reason, bool IsWellFormed)
{
    public static EntryReading Payable(PaymentOffer offer) => new(offer, "ok", IsWellFormed: true);

    public static EntryReading Unsupported(string reason) => new(null, reason, IsWellFormed: true);

    public static EntryReading Malformed(string reason) => new(null, reason, IsWellFormed: false);
}

/// <summary>
/// Reads one <c>PaymentRequirements</c> of scheme <c>exact</c> with EIP-3009. The checks are a flat list and their order is the order of
/// precedence: (1) what is this about, (2) do we speak it, (3) are its values sound. Addresses are judged as text only; policy decides on them.
/// </summary>
internal sealed class PaymentRequirementsReader(int version, ReaderProfile profile)
{
    private readonly string _amountMember = version == 1 ? "maxAmountRequired" : "amount";

    public EntryReading Read(JsonElement entry, int index)
    {
        // (1)
        if (entry.ValueKind is not JsonValueKind.Object)
        {
            return EntryReading.Malformed("bad_entry");
        }

        if (TextOf(entry, "scheme") is not { } scheme)
        {
            return EntryReading.Malformed("bad_scheme");
        }

        if (TextOf(entry, "network") is not { } networkText || !TryReadNetwork(networkText, out var network))
        {
            return EntryReading.Malformed("bad_network");
        }

        // (2)
        if (scheme != "exact")
        {
            return EntryReading.Unsupported("unsupported_scheme");
        }

        if (network is not { } chain || !profile.Networks.Contains(chain))
        {
            return EntryReading.Unsupported("unsupported_network");
        }

        var extra = entry.TryGetProperty("extra", out var member) && member.ValueKind is JsonValueKind.Object ? member : default;
        if (!IsAbsentOrOneOf(extra, "assetTransferMethod", "eip3009"))
        {
            return EntryReading.Unsupported("unsupported_method");
        }

        if (!IsAbsentOrOneOf(extra, "paymentFlow", "authorization", "upfront"))
        {
            return EntryReading.Unsupported("unsupported_flow");
        }

        // (3)
        if (!AmountText.TryParse(TextOf(entry, _amountMember), out var amount))
        {
            return EntryReading.Malformed("bad_amount");
        }

        if (ReadAddress(entry, "asset", "asset_not_address", out var asset) is { } assetFault)
        {
            return assetFault;
        }

        if (ReadAddress(entry, "payTo", "payto_not_address", out var payTo) is { } payToFault)
        {
            return payToFault;
        }

        if (!TryReadTimeout(entry, out var maxTimeoutSeconds))
        {
            return EntryReading.Malformed("bad_timeout");
        }

        if (TextOf(extra, "name") is not { Length: > 0 } domainName || TextOf(extra, "version") is not { Length: > 0 } domainVersion)
        {
            return EntryReading.Malformed("missing_eip712_domain");
        }

        return EntryReading.Payable(new PaymentOffer
        {
            Rail = "x402",
            Version = version,
            Index = index,
            Scheme = scheme,
            Network = chain,
            NetworkText = networkText,
            Amount = amount,
            Asset = asset,
            PayTo = payTo,
            MaxTimeoutSeconds = maxTimeoutSeconds,
            DomainName = domainName,
            DomainVersion = domainVersion,
            IsUpfront = TextOf(extra, "paymentFlow") == "upfront",
            Original = entry.GetRawText(),
        });
    }

    // Version 1 writes names, and a name that nobody knows is fine but not ours. Version 2 writes CAIP-2, of any family of chains.
    private bool TryReadNetwork(string text, out ChainId? network)
    {
        network = null;
        if (version == 1)
        {
            network = NetworkNames.TryParseVersion1(text, out var named) ? named : null;
            return true;
        }

        if (text.StartsWith("eip155:", StringComparison.Ordinal))
        {
            var parsed = ChainId.TryParse(text, out var chain);
            network = parsed ? chain : null;
            return parsed;
        }

        return Caip2.IsWellFormed(text);
    }

    // The core text also allows role words and currency codes, which `exact` on EVM can't pay. What starts like an address has to be one.
    private static EntryReading? ReadAddress(JsonElement entry, string name, string notAddress, out EvmAddress address)
    {
        address = default;
        return TextOf(entry, name) switch
        {
            null or "" => EntryReading.Malformed("bad_address"),
            var text when EvmAddress.TryParse(text, out address) => null,
            var text when EvmAddress.TryParseIgnoringChecksum(text, out _) => EntryReading.Malformed("bad_checksum"),
            var text when text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) => EntryReading.Malformed("bad_address"),
            _ => EntryReading.Unsupported(notAddress),
        };
    }

    private static bool TryReadTimeout(JsonElement entry, out long seconds)
    {
        seconds = 0;
        return entry.TryGetProperty("maxTimeoutSeconds", out var member)
            && member.ValueKind is JsonValueKind.Number
            && member.TryGetInt64(out seconds)
            && seconds > 0;
    }

    private static bool IsAbsentOrOneOf(JsonElement extra, string name, params ReadOnlySpan<string> values) =>
        extra.ValueKind is JsonValueKind.Undefined
        || !extra.TryGetProperty(name, out var member)
        || member.ValueKind is JsonValueKind.Null
        || (member.ValueKind is JsonValueKind.String && values.Contains(member.GetString()!));

    private static string? TextOf(JsonElement element, string name) =>
        element.ValueKind is JsonValueKind.Object && element.TryGetProperty(name, out var member) && member.ValueKind is JsonValueKind.String
            ? member.GetString()
            : null;
}
