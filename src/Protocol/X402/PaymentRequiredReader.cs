using System.Text.Json;

namespace SmartProxy.Protocol.X402;

/// <summary>
/// Classifies a <c>PaymentRequired</c> document: (1) its version, (2) its list of entries, (3) what version 2 says beside it, (4) each entry
/// alone: what is broken or unsupported is dropped, what is left can be paid.
/// </summary>
internal static class PaymentRequiredReader
{
    public const string VersionMember = "x402Version";

    public static Challenge Read(JsonElement document, bool isHeader, string? requestUrl, ReaderProfile profile)
    {
        // (1) A number, written as an integer. The version decides which names are read; it is never guessed from the rest.
        if (!TryReadVersion(document, out var version))
        {
            return Challenges.Malformed("bad_version");
        }

        if (version is not (1 or 2))
        {
            return Challenges.Unsupported("unsupported_version");
        }

        if (version == 1 && isHeader)
        {
            return Challenges.Malformed("v1_in_header") with { Version = version };
        }

        // (2)
        if (!document.TryGetProperty("accepts", out var accepts) || accepts.ValueKind is not JsonValueKind.Array)
        {
            return Challenges.Malformed("bad_accepts") with { Version = version };
        }

        if (accepts.GetArrayLength() > profile.MaxOffers)
        {
            return Challenges.Malformed("too_many_offers") with { Version = version };
        }

        // (3)
        if (!TryReadObject(document, "resource", version, out var resource))
        {
            return Challenges.Malformed("bad_resource") with { Version = version };
        }

        if (!TryReadObject(document, "extensions", version, out var extensions))
        {
            return Challenges.Malformed("bad_extensions") with { Version = version };
        }

        var lenient = Lenience(version, isHeader, resource);
        if (lenient is not null && !profile.IsLenient)
        {
            return Challenges.Malformed(lenient) with { Version = version };
        }

        // (4)
        var readings = ReadEntries(accepts, version, profile);
        var offers = readings.Where(reading => reading.Offer is not null).Select(reading => reading.Offer!).ToList();
        return Classify(readings, offers.Count) with
        {
            Version = version,
            Lenient = lenient,
            Offers = offers,
            Offered = OfferedSummary.Of(accepts),
            Flags = ChallengeFlags.Of(document, version, offers, requestUrl, profile.Assets),
            Resource = resource,
            Extensions = extensions,
        };
    }

    private static bool TryReadVersion(JsonElement document, out int version)
    {
        version = 0;
        return document.TryGetProperty(VersionMember, out var member)
            && member.ValueKind is JsonValueKind.Number
            && member.TryGetInt32(out version);
    }

    // Absent and null are the same. Version 1 has no such members; what it puts there is unknown text and ignored.
    private static bool TryReadObject(JsonElement document, string name, int version, out string? raw)
    {
        raw = null;
        if (version == 1 || !document.TryGetProperty(name, out var member) || member.ValueKind is JsonValueKind.Null)
        {
            return true;
        }

        raw = member.ValueKind is JsonValueKind.Object ? member.GetRawText() : null;
        return raw is not null;
    }

    private static List<EntryReading> ReadEntries(JsonElement accepts, int version, ReaderProfile profile)
    {
        var reader = new PaymentRequirementsReader(version, profile);
        var readings = new List<EntryReading>(accepts.GetArrayLength());
        foreach (var entry in accepts.EnumerateArray())
        {
            readings.Add(reader.Read(entry, readings.Count));
        }

        return readings;
    }

    // Nothing payable: a well-formed entry that we can't pay says more than a broken one; among equals the first counts.
    private static Challenge Classify(List<EntryReading> readings, int payable)
    {
        if (payable > 0)
        {
            return new Challenge { Class = ChallengeClass.Payable, Reason = "ok" };
        }

        if (readings.Count == 0)
        {
            return Challenges.Unsupported("no_accepts");
        }

        return readings.FirstOrDefault(reading => reading.IsWellFormed) is { Reason: not null } unsupported
            ? Challenges.Unsupported(unsupported.Reason)
            : Challenges.Malformed(readings[0].Reason);
    }

    private static string? Lenience(int version, bool isHeader, string? resource) => version switch
    {
        2 when !isHeader => "v2_without_header",
        2 when resource is null => "resource_missing",
        _ => null,
    };
}
