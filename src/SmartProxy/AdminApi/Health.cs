using System.Text.Json;
using SmartProxy.Ledger;
using SmartProxy.Policies;
using SmartProxy.Protocol;

namespace SmartProxy.AdminApi;

/// <summary>Whether the process does its work, in one look.</summary>
/// <param name="IsServing">Whether requests are taken at all.</param>
/// <param name="PolicyHash">The policy in force.</param>
/// <param name="LedgerHead">Hash of the last durable journal line.</param>
/// <param name="Sequence">Its number.</param>
/// <param name="BlindTunnels">Open tunnels whose inside is not seen, because the policy could not pay there.</param>
/// <param name="Reasons">What is wrong, in words; empty when all is well.</param>
internal sealed record HealthReport(bool IsServing, Bytes32? PolicyHash, Bytes32 LedgerHead, long Sequence, int BlindTunnels, IReadOnlyList<string> Reasons)
{
    /// <summary><c>ok</c>; <c>degraded</c> when free traffic passes and something else does not; <c>failing</c> when nothing does.</summary>
    public string Status => !IsServing ? "failing" : Reasons.Count > 0 ? "degraded" : "ok";

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("status", Status);
        json.WriteString("policy", PolicyHash?.ToString());
        json.WriteStartObject("ledger");
        json.WriteString("head", LedgerHead.ToString());
        json.WriteNumber("sequence", Sequence);
        json.WriteEndObject();
        json.WriteNumber("blindTunnels", BlindTunnels);
        json.WriteStartArray("reasons");
        foreach (var reason in Reasons)
        {
            json.WriteStringValue(reason);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}

/// <summary>Collects the <see cref="HealthReport"/>.</summary>
/// <param name="ledger">The books.</param>
/// <param name="policy">The policy in force.</param>
/// <param name="isServing">False before both listeners are up and after the stop has begun.</param>
/// <param name="blindTunnels">How many are open.</param>
/// <param name="checks">Each tells its trouble in words, or null: a policy file that was rejected, unreadable credentials, a freeze.</param>
internal sealed class Health(ILedger ledger, IPolicyView policy, Func<bool> isServing, Func<int> blindTunnels, IReadOnlyList<Func<string?>> checks)
{
    public HealthReport Report()
    {
        var books = ledger.Health;
        var reasons = new List<string>();
        if (policy.Hash is null)
        {
            reasons.Add("no good policy is loaded, so nothing is paid");
        }

        if (books.Trouble is { } trouble)
        {
            reasons.Add("the ledger can't be used: " + trouble);
        }

        reasons.AddRange(checks.Select(check => check()).OfType<string>());
        return new HealthReport(isServing(), policy.Hash, books.Head, books.Sequence, blindTunnels(), reasons);
    }
}
