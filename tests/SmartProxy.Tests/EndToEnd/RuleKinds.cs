using System.Globalization;

namespace SmartProxy.Tests.EndToEnd;

/// <param name="Agent">The agent that has the rule; also the rule's name here.</param>
/// <param name="Members">The rule, as members of the agent's entry.</param>
/// <param name="Script">What may be bought, and what not.</param>
internal sealed record RuleKind(string Agent, string Members, string Script);

/// <summary>Every kind of rule that a script of purchases can show; each allows once and refuses once.</summary>
internal static class RuleKinds
{
    public static IReadOnlyList<RuleKind> All { get; } =
    [
        new("payment", """ "limits": { "payment": "0.01" } """, "one 1 ok | one 2 amount_over_payment_limit"),
        .. ((string[])["day", "week", "month", "quarter", "year", "total", "24h"]).Select(window => new RuleKind($"window-{window}", $"\"limits\": {{ \"{window}\": \"0.02\" }}", "one 1 ok | two 1 ok | one 1 budget_exceeded")),
        new("count-day", """ "limits": { "payments": { "day": 2 } } """, "one 1 ok | two 1 ok | one 1 count_exceeded"),
        new("count-minute", """ "limits": { "payments": { "1m": 1 } } """, "one 1 ok | one 1 count_exceeded"),
        new("each-merchant", """ "limits": { "each": { "merchant": { "day": "0.01" } } } """, "one 1 ok | one 1 budget_exceeded | two 1 ok"),
        new("each-recipient", """ "limits": { "each": { "recipient": { "day": "0.01" } } } """, "one 1 ok | one 1 budget_exceeded | one@B 1 ok"),
        new("each-category", """ "limits": { "each": { "category": { "payments": { "day": 1 } } } } """, "one 1 ok | two 1 count_exceeded | three 1 ok"),
        new("in-merchant", """ "limits": { "in": { "one": { "day": "0.01" } } } """, "one 1 ok | one 1 budget_exceeded | two 1 ok"),
        new("in-category", """ "limits": { "in": { "category:search": { "day": "0.01" } } } """, "one 1 ok | two 1 budget_exceeded | three 1 ok"),
        new("in-host", """ "limits": { "in": { "host:one": { "day": "0.01" } } } """, "one 1 ok | one 1 budget_exceeded | two 1 ok"),
        new("in-network", """ "limits": { "in": { "network:base-sepolia": { "day": "0.01" } } } """, "one 1 ok | two 1 budget_exceeded"),
        new("in-asset", """ "limits": { "in": { "asset:USDC": { "day": "0.01" } } } """, "one 1 ok | two 1 budget_exceeded"),
        new("in-endpoint", """ "limits": { "in": { "one GET /dear*": { "day": "0.01" } } } """, "one:/dear-1 1 ok | one:/dear-2 1 budget_exceeded | one 1 ok"),
        new("allow-merchant", """ "allow": ["one"] """, "one 1 ok | two 1 merchant_not_allowed"),
        new("allow-category", """ "allow": ["category:data"] """, "three 1 ok | one 1 merchant_not_allowed"),
        new("allow-host", """ "allow": ["host:two"] """, "two 1 ok | one 1 merchant_not_allowed"),
        new("allow-endpoint", """ "allow": ["one GET /open*"] """, "one:/open-1 1 ok | one:/closed 1 merchant_not_allowed"),
        new("deny-merchant", """ "deny": ["two"] """, "one 1 ok | two 1 denied"),
        new("deny-category", """ "deny": ["category:search"] """, "three 1 ok | one 1 denied"),
        new("deny-host", """ "deny": ["host:one"] """, "two 1 ok | one 1 denied"),
        new("deny-endpoint", """ "deny": ["one GET /secret*"] """, "one:/public 1 ok | one:/secret-1 1 denied"),
        new("deny-recipient", $"\"deny\": [\"{RuleWorld.B}\"]", "one 1 ok | one@B 1 denied"),
        new("recipients-listed", "\"validSeconds\": 60", "three 1 ok | three@B 1 recipient_not_allowed"),
        new("recipients-pin", """ "recipients": "pin" """, "nobody 1 ok | nobody@B 1 recipient_changed | nobody 1 ok"),
        new("recipients-any", """ "recipients": "any" """, "nobody 1 ok | nobody@B 1 ok"),
        new("schedule-open", """ "schedule": "daily 00:00-24:00" """, "one 1 ok"),
        new("schedule-closed", $"\"schedule\": \"{AnotherDay()} 00:00-24:00\"", "one 1 outside_schedule"),
        new("price-drift", """ "priceDrift": "50%" """, "one:/drift 2 ok | one:/drift 3 ok | one:/drift 5 price_drift | one:/drift 4 ok"),
        new("loop", """ "loop": { "times": 2, "within": "1h" } """, "one:/loop 1 ok | one:/loop 1 ok | one:/loop 1 request_loop | one 1 ok"),
        new("merchants-pot", "\"validSeconds\": 61", "five 1 ok | five 1 budget_exceeded | one 1 ok"),
        new("approval-above", """ "approval": { "above": "0.01" } """, "one 1 ok | one 2 approval_pending"),
        new("approval-recipient", """ "approval": { "newRecipient": true } """, "one 1 ok | one@C 1 approval_pending"),
        new("approval-drift", """ "priceDrift": "0%", "approval": { "priceDrift": true } """, "one:/held-drift 1 ok | one:/held-drift 2 approval_pending"),
        .. Special,
    ];

    /// <summary>Rules whose tests do more than buy.</summary>
    private static IEnumerable<RuleKind> Special =>
    [
        new("figures", """ "limits": { "day": "0.02" } """, ""),
        new("soon", """ "limits": { "payments": { "1m": 1 } } """, ""),
        new("lab-1", """ "group": "lab" """, ""),
        new("concurrent", """ "limits": { "payments": { "concurrent": 1 } } """, ""),
        new("breaker", """ "breaker": { "failures": 2, "pause": "15m" } """, ""),
        new("granted", """ "limits": { "day": "0.01" } """, ""),
        new("held", """ "approval": { "above": "0.01", "hold": "1m" } """, ""),
        new("held-host", """ "approval": { "newHost": true, "hold": "1m" } """, ""),
        new("held-pin", """ "recipients": "pin", "approval": { "newRecipient": true, "hold": "1m" } """, ""),
        new("told", """ "approval": { "above": "0.01" } """, ""),
        new("why", """ "limits": { "day": "0.01" } """, ""),
        new("explained", """ "limits": { "day": "0.04" } """, ""),
        new("max-price", """ "validSeconds": 62 """, ""),
    ];

    // Tomorrow's tomorrow: closed now, whatever the test machine's clock does around midnight.
    private static string AnotherDay() => DateTime.UtcNow.AddDays(2).ToString("ddd", CultureInfo.InvariantCulture).ToLowerInvariant();
}
