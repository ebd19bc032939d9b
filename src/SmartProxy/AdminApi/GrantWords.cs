using System.Text.Json;
using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.AdminApi;

/// <summary>Grants (break-glass): what may be given, to whom, and how it is shown.</summary>
internal static class GrantWords
{
    public static readonly TimeSpan ShortestTime = TimeSpan.FromMinutes(1);
    public static readonly TimeSpan LongestTime = TimeSpan.FromDays(7);

    /// <summary>Ten thousand dollars: who needs more wants another limit in the file.</summary>
    public static readonly Usd MaxAmount = new(10_000_000_000);

    /// <summary>A grant from what a person wrote; null with an objection when it is not as expected.</summary>
    public static LedgerEvent.Granted? TryMake(GrantOrder order, PaymentId id, DateTimeOffset now, string by, out string objection)
    {
        objection = "";
        if (!BudgetOwner.TryParse(order.Owner, out var owner))
        {
            objection = $"expected an owner of limits: {BudgetOwner.Expected}";
        }
        else if (!Usd.TryParse(order.Amount, out var amount) || amount == Usd.Zero || amount > MaxAmount)
        {
            objection = $"expected an amount in dollars above 0 and at most {MaxAmount}, such as 5.00";
        }
        else if (order.Time is not { } time || time < ShortestTime || time > LongestTime)
        {
            objection = "expected a time from 1m to 7d, such as 2h: a grant ends by itself";
        }
        else if (order.Reason is not { Length: > 0 and <= Order.MaxReasonLength } || order.Reason.Any(char.IsControl))
        {
            objection = $"expected a reason of 1 to {Order.MaxReasonLength} characters: it goes on record";
        }
        else if (order.Merchant is { } merchant && !AgentId.TryParse(merchant, out _))
        {
            objection = "expected the name of a merchant, as the policy has it";
        }
        else
        {
            return new LedgerEvent.Granted(id, owner, order.Merchant, amount, now + time, by, order.Reason);
        }

        return null;
    }

    /// <summary>The grants that give room to this agent's payments now.</summary>
    public static IReadOnlyList<GrantView> Applying(IReadOnlyList<GrantView> grants, AgentId agent, IReadOnlyList<BudgetLine> lines) =>
        [.. grants.Where(grant => grant.Left > Usd.Zero && (grant.Grant.Owner == BudgetOwner.Agent(agent) || grant.Grant.Owner.Kind is BudgetOwnerKind.Merchant || lines.Any(line => line.Owner == grant.Grant.Owner)))];

    /// <summary>All of them, as an operator sees them.</summary>
    public static void Write(Utf8JsonWriter json, IReadOnlyList<GrantView> grants)
    {
        json.WriteStartObject();
        json.WriteStartArray("grants");
        foreach (var grant in grants)
        {
            Write(json, grant, isForOperator: true);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>One grant. Who gave it, and why, is the operator's own business.</summary>
    public static void Write(Utf8JsonWriter json, GrantView view, bool isForOperator)
    {
        var grant = view.Grant;
        json.WriteStartObject();
        json.WriteString("id", grant.Grant.Value);
        json.WriteString("owner", grant.Owner.ToString());
        json.WriteString("merchant", grant.Merchant);
        json.WriteString("amount", grant.Amount.ToString());
        json.WriteString("used", view.Used.ToString());
        json.WriteString("left", view.Left.ToString());
        json.WriteString("state", view.IsRevoked ? "revoked" : view.IsExpired ? "expired" : view.Left == Usd.Zero ? "used" : "open");
        json.WriteString("expiresAt", ApiAnswer.Time(grant.ExpiresAt));
        if (isForOperator)
        {
            json.WriteString("by", grant.By);
            json.WriteString("reason", grant.Reason);
        }

        json.WriteEndObject();
    }
}

/// <summary>A grant as a person orders it.</summary>
internal sealed record GrantOrder(string? Owner, string? Amount, TimeSpan? Time, string? Reason, string? Merchant);
