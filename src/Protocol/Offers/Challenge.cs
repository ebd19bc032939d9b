namespace SmartProxy.Protocol;

/// <summary>What a 402 answer turned out to be.</summary>
public enum ChallengeClass
{
    /// <summary>No payment signal: the answer goes to the agent untouched.</summary>
    NotX402,

    /// <summary>A payment signal that breaks the rules: never paid, passed on, recorded.</summary>
    Malformed,

    /// <summary>Well formed, but nothing that we can pay: passed on with a header that says what was offered.</summary>
    Unsupported,

    /// <summary>At least one entry could be paid, if the policy allows it.</summary>
    Payable,
}

/// <summary>A 402 answer as read, within bounds, exactly once.</summary>
public sealed record Challenge
{
    public required ChallengeClass Class { get; init; }

    /// <summary>A stable snake_case word: <c>ok</c>, or why the class is not payable (<c>bad_base64</c>, <c>unsupported_network</c> …).</summary>
    public required string Reason { get; init; }

    /// <summary>The strict objection that was waived, if any (<c>v2_without_header</c>, <c>resource_missing</c>).</summary>
    public string? Lenient { get; init; }

    /// <summary>1 or 2; 0 when unknown.</summary>
    public int Version { get; init; }

    /// <summary>The entries that could be paid, in document order.</summary>
    public IReadOnlyList<PaymentOffer> Offers { get; init; } = [];

    /// <summary>What was offered, payable or not, in words short enough for a header: <c>exact eip155:8453</c>, comma-separated, ASCII, at most 256 characters.</summary>
    public string Offered { get; init; } = "";

    /// <summary>Observations that do not change the class: <c>zero_amount</c>, <c>resource_mismatch</c> … (see the vectors).</summary>
    public IReadOnlyList<string> Flags { get; init; } = [];

    /// <summary>The document's <c>resource</c> member as raw JSON (version 2), echoed as it came.</summary>
    public string? Resource { get; init; }

    /// <summary>The document's <c>extensions</c> member as raw JSON (version 2), echoed as it came.</summary>
    public string? Extensions { get; init; }

    /// <summary>SHA-256 of the document's bytes as received: the terms that a decision is about.</summary>
    public Bytes32 TermsHash { get; init; }
}
