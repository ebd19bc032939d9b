namespace SmartProxy.AdminApi;

/// <summary>What an operator orders through the admin API: a few text members, who says it, and why.</summary>
internal sealed class Order
{
    public const int MaxReasonLength = 200;

    private const int MaxBodyLength = 4096;
    private const int MaxByLength = 64;

    private readonly IReadOnlyDictionary<string, string> _texts;

    private Order(IReadOnlyDictionary<string, string> texts) => _texts = texts;

    /// <summary>Who orders, for the record: the holder of the admin token, and who they say they are.</summary>
    public string By => this["by"] is { } name ? $"admin:{name}" : "admin";

    /// <summary>A member, or null.</summary>
    public string? this[string name] => _texts.GetValueOrDefault(name);

    /// <summary>Null when the body is not an object of these text members.</summary>
    public static async ValueTask<Order?> ReadAsync(HttpContext context, params string[] names)
    {
        var texts = await ApiBody.ReadTextsAsync(context, MaxBodyLength, names);
        return texts is not null && (!texts.TryGetValue("by", out var by) || (by.Length is > 0 and <= MaxByLength && !by.Any(char.IsControl))) ? new Order(texts) : null;
    }

    /// <summary>The reason; null when it is too long, holds control characters, or is missing where it is required.</summary>
    public string? Reason(bool isRequired)
    {
        var reason = this["reason"] ?? "";
        return reason.Length > MaxReasonLength || reason.Any(char.IsControl) || (isRequired && reason.Length == 0) ? null : reason;
    }

    public static Task NotRecordedAsync(HttpContext context) =>
        ApiAnswer.ProblemAsync(context, StatusCodes.Status503ServiceUnavailable, "ledger_unavailable", "the ledger can't record this; nothing is paid while that is so, and /healthz says why");
}
