using SmartProxy.Protocol;

namespace SmartProxy.AdminApi;

/// <summary>Payments and refusals as they can be searched. Never asked whether money may move.</summary>
internal interface IPaymentArchive
{
    /// <summary>Newest first.</summary>
    ValueTask<PaymentPage> SearchAsync(PaymentQuery query, CancellationToken cancellationToken);

    /// <summary>A receipt by its id (<c>rcpt_…</c>), as a compact JWS; null when there is none, or when it is not <paramref name="owner"/>'s.</summary>
    /// <param name="id">As the header <c>Smart-Proxy-Receipt</c> said.</param>
    /// <param name="owner">The agent that asks; null for the operator, who may see all.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<string?> FindReceiptAsync(string id, AgentId? owner, CancellationToken cancellationToken);
}

/// <param name="Agent">Only this agent's.</param>
/// <param name="Outcome">Only these: <c>paid</c>, <c>refused</c>, <c>in_doubt</c>, <c>failed</c>, <c>voided</c>.</param>
/// <param name="Host">Only from this host.</param>
/// <param name="Since">Not before.</param>
/// <param name="Until">Before.</param>
/// <param name="Before">Only those older than this one: the next page.</param>
/// <param name="Count">At most so many, 1 to 500.</param>
internal sealed record PaymentQuery(
    AgentId? Agent = null,
    string? Outcome = null,
    string? Host = null,
    DateTimeOffset? Since = null,
    DateTimeOffset? Until = null,
    PaymentId? Before = null,
    int Count = PaymentQuery.DefaultCount)
{
    public const int DefaultCount = 50;
    public const int MaxCount = 500;

    public static readonly IReadOnlyList<string> Outcomes = ["paid", "refused", "in_doubt", "failed", "voided"];
}

/// <param name="Rows">Newest first.</param>
/// <param name="Next">For <see cref="PaymentQuery.Before"/>; null on the last page.</param>
internal sealed record PaymentPage(IReadOnlyList<PaymentRow> Rows, PaymentId? Next);

/// <summary>One decision on one 402. Texts that a seller chose are only shown, never interpreted.</summary>
internal sealed record PaymentRow(PaymentId Id, DateTimeOffset At, AgentId Agent, string Outcome, string Method, string Origin, string Path)
{
    /// <summary>Why it was refused, failed or is in doubt.</summary>
    public string? Reason { get; init; }

    public string? Rule { get; init; }

    public Usd? Value { get; init; }

    public string? Network { get; init; }

    public string? Asset { get; init; }

    /// <summary>Atomic units.</summary>
    public string? Amount { get; init; }

    public string? PayTo { get; init; }

    /// <summary>The transaction that the seller claims or, once it is proven, that the chain shows.</summary>
    public string? Transaction { get; init; }

    /// <summary>Why what came is not what was promised: <c>status</c>, <c>truncated</c>, <c>empty</c> or <c>media_type</c>; null when it is.</summary>
    public string? Undelivered { get; init; }

    /// <summary>Atomic units that came back.</summary>
    public string? Refunded { get; init; }

    /// <summary>Whose word the outcome is: <c>claimed</c> by the seller, <c>proven</c> by the chain, <c>attested</c> by an operator.</summary>
    public string? Settlement { get; init; }
}
