using System.Globalization;
using System.Numerics;
using System.Text.Json;
using SmartProxy.Receipts;

namespace SmartProxy.Accounting.Statements;

/// <summary>Checks a signed statement with public keys alone: the signature, the time of the key, and that every account comes to what it says.</summary>
internal static class StatementVerifier
{
    /// <summary>Why it is not good; null when it is.</summary>
    /// <param name="jws">The signed statement.</param>
    /// <param name="jwks">A JSON Web Key Set.</param>
    public static string? Objection(string jws, string jwks) => JwsVerifier.Read(jws, jwks, StatementDocument.Type, StatementDocument.MaxLength) switch
    {
        JwsReading.Signed signed => Judge(signed),
        JwsReading.Unsigned unsigned => unsigned.Why.Message,
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private static string? Judge(JwsReading.Signed signed)
    {
        using var document = JwsVerifier.Parse(signed.Payload);
        return document?.RootElement is not { } root || JwsVerifier.IssuedAt(root, StatementDocument.Version) is not { } issuedAt
            ? $"expected a statement of version {StatementDocument.Version}"
            : JwsVerifier.Lateness(signed.Key, issuedAt)?.Message ?? Arithmetic(root);
    }

    private static string? Arithmetic(JsonElement root)
    {
        if (!root.TryGetProperty("accounts", out var accounts) || accounts.ValueKind != JsonValueKind.Array)
        {
            return "expected a list of accounts";
        }

        return accounts.EnumerateArray().Where(account => !IsSound(account)).Select(account => $"the sum of {JwsVerifier.Text(account, "wallet")} is not what it says").FirstOrDefault();
    }

    private static bool IsSound(JsonElement account)
    {
        var (opening, came, settled) = (Units(account, "opening"), Units(account, "in"), Units(account, "settled"));
        var (unexplained, closing, difference) = (Units(account, "unexplained"), Units(account, "closing"), Units(account, "difference"));
        return settled is not null && closing - (opening + came - settled - unexplained) == difference;
    }

    private static BigInteger? Units(JsonElement account, string name) =>
        BigInteger.TryParse(JwsVerifier.Text(account, name), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var units) ? units : null;
}
