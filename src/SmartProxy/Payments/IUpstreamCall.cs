using SmartProxy.Identity;
using SmartProxy.Protocol;

namespace SmartProxy.Payments;

/// <summary>
/// One request of an agent and its way to the origin, as the payment flow sees it. Implemented above YARP by Forwarding; played by a script in
/// tests. The first attempt has been made by the time a flow gets to see this: it ended in a 402 that is held back.
/// </summary>
internal interface IUpstreamCall
{
    AgentIdentity Identity { get; }

    Origin Origin { get; }

    string Method { get; }

    /// <summary>Path and query exactly as they travel, starting with <c>/</c> (or <c>*</c>).</summary>
    string Target { get; }

    bool IsUpgrade { get; }

    /// <summary>Fires when the agent hangs up. Ends waiting, never what was signed.</summary>
    CancellationToken AgentGone { get; }

    /// <summary>Header of the agent's request; several lines are joined by a comma, absent is null.</summary>
    string? RequestHeader(string name);

    /// <summary>The 402 that the origin answered to the unpaid attempt.</summary>
    HeldAnswer Challenge { get; }

    /// <summary>Reads the request body to its end (it may still be arriving). Null when it is too large or gone: then the request can't be replayed.</summary>
    ValueTask<Bytes32?> DigestBodyAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Sends the same request again with one payment header. Not cancelled by the agent's disconnect. <paramref name="onHead"/> sees the answer's
    /// head before the agent does, and may add headers to it; then the answer streams to the agent. Returns how it went.
    /// </summary>
    /// <param name="headerName"><c>PAYMENT-SIGNATURE</c> or <c>X-PAYMENT</c>.</param>
    /// <param name="headerValue">A bearer instrument: never logged.</param>
    /// <param name="onHead">Returns the headers to add, or a refusal to answer with in place of the origin's answer.</param>
    ValueTask<PaidAttempt> SendPaidAsync(string headerName, string headerValue, Func<AnswerHead, PaidReply> onHead);

    /// <summary>Hands the held 402 to the agent, byte for byte, with <paramref name="headers"/> added.</summary>
    ValueTask PassChallengeOnAsync(IReadOnlyList<KeyValuePair<string, string>> headers);

    /// <summary>Answers the agent ourselves; nothing of the origin's answer is shown.</summary>
    ValueTask AnswerAsync(Refusal refusal);

    /// <summary>Answers the agent ourselves with 200 and one JSON document, in place of the held 402.</summary>
    ValueTask AnswerJsonAsync(ReadOnlyMemory<byte> document);
}

/// <summary>An answer's status and headers, before its body.</summary>
internal interface IAnswerHead
{
    int Status { get; }

    /// <summary>Every value of a header, one per field line, in order.</summary>
    IReadOnlyList<string> Values(string name);
}

/// <inheritdoc cref="IAnswerHead"/>
internal sealed record AnswerHead(int Status, IHeaderDictionary Headers) : IAnswerHead
{
    public IReadOnlyList<string> Values(string name) => [.. Headers[name].Where(v => v is not null).Select(v => v!)];
}

/// <param name="Head">Status and headers.</param>
/// <param name="Body">The body's first bytes, decoded from its content coding, at most 64 KiB.</param>
/// <param name="IsBodyWhole">Whether <paramref name="Body"/> is all of it; false when it is longer, or its coding is unknown or broken.</param>
internal sealed record HeldAnswer(AnswerHead Head, ReadOnlyMemory<byte> Body, bool IsBodyWhole);

/// <summary>What to do with the answer to a paid attempt.</summary>
/// <param name="Headers">To add to the origin's answer.</param>
/// <param name="Instead">Our own answer in its place; its body is then drained and dropped.</param>
internal sealed record PaidReply(IReadOnlyList<KeyValuePair<string, string>> Headers, Refusal? Instead = null);

/// <summary>How a paid attempt ended.</summary>
/// <param name="Head">The answer's head; null when none came.</param>
/// <param name="IsComplete">Whether the origin's body arrived whole.</param>
/// <param name="NeverSent">True only when no byte of the request can have left: the connection was refused, or its TLS failed.</param>
/// <param name="Body">For an answer of 402: its first bytes, decoded, at most 64 KiB (a version 1 origin says there why it refused).</param>
/// <param name="IsShown">False when a head came and nothing of the answer has reached the agent: it broke off before, and waits for one of ours.</param>
internal sealed record PaidAttempt(AnswerHead? Head, bool IsComplete, bool NeverSent, ReadOnlyMemory<byte> Body, bool IsShown = true)
{
    /// <summary>How the origin's body ended.</summary>
    public BodyEnding Ending { get; init; }
}

/// <summary>How the body of an answer ended, as far as the origin is to blame.</summary>
internal enum BodyEnding
{
    /// <summary>It came whole, or nobody knows: the agent left, or was shown another answer.</summary>
    Fine,

    /// <summary>It came whole, and without a byte.</summary>
    Empty,

    /// <summary>The origin broke it off.</summary>
    Truncated,
}
