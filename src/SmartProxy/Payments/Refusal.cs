namespace SmartProxy.Payments;

/// <summary>
/// A refusal as a value: an <c>application/problem+json</c> answer (RFC 9457) with a stable snake_case reason. Members are written in order.
/// </summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Reason">The stable word; each is documented in <c>docs/reasons.md</c>.</param>
/// <param name="Detail">One English sentence that ends in what to do.</param>
internal sealed record Refusal(int Status, string Reason, string Detail)
{
    /// <summary>Further members of the problem document, as text; amounts in decimal dollars, times in RFC 3339.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Members { get; init; } = [];

    /// <summary>Seconds for <c>Retry-After</c>, if any.</summary>
    public int? RetryAfterSeconds { get; init; }

    /// <summary>For <c>Smart-Proxy-Receipt</c>, if a receipt is being made.</summary>
    public string? ReceiptId { get; init; }
}
