using System.Text.Json;
using SmartProxy.Identity;
using SmartProxy.Payments;
using SmartProxy.Policy.Analysis;
using SmartProxy.Protocol;

namespace SmartProxy.Drill;

/// <summary>A request of an agent that works for the seller: it asks as often, and for as much, as the seller wants.</summary>
/// <param name="place">Where.</param>
/// <param name="terms">For what.</param>
/// <param name="conduct">What the seller does with the payment.</param>
/// <param name="number">What makes it a purchase of its own.</param>
internal sealed class HostileCall(PayablePlace place, SellerTerms terms, SellerConduct conduct, int number) : IUpstreamCall
{
    // A word of the report: to an agent the challenge is passed on as it came.
    private const string NotPayable = "not_payable";

    private readonly HashSet<string> _payments = [];

    public SellerConduct Conduct => conduct;

    public int Number => number;

    /// <summary>Different payments that the seller was given for this one request, by their nonces.</summary>
    public IReadOnlySet<string> Payments => _payments;

    /// <summary>Our answer, where it was ours.</summary>
    public Refusal? Refusal { get; private set; }

    public AgentIdentity Identity { get; } = new(place.Agent, CancellationToken.None);

    public Origin Origin => place.Origin;

    public string Method => place.Method;

    public string Target { get; } = $"{place.Path}?drill={number}";

    public bool IsUpgrade => false;

    public CancellationToken AgentGone => CancellationToken.None;

    public HeldAnswer Challenge { get; } = terms.ToAnswer();

    public string? RequestHeader(string name) => null;

    public ValueTask<Bytes32?> DigestBodyAsync(CancellationToken cancellationToken) => ValueTask.FromResult<Bytes32?>(Bytes32.Sha256([]));

    public ValueTask<PaidAttempt> SendPaidAsync(string headerName, string headerValue, Func<AnswerHead, PaidReply> onHead)
    {
        lock (_payments)
        {
            _payments.Add(NonceOf(headerValue));
        }

        if (terms.AnswerOf(conduct) is not { } head)
        {
            return ValueTask.FromResult(new PaidAttempt(null, IsComplete: false, NeverSent: false, default));
        }

        onHead(head);
        return ValueTask.FromResult(new PaidAttempt(head, IsComplete: conduct is not SellerConduct.BreakOff, NeverSent: false, default));
    }

    public ValueTask PassChallengeOnAsync(IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        var why = headers.FirstOrDefault(header => header.Key == OurHeaders.Unpaid).Value;
        return AnswerAsync(new Refusal(402, NotPayable, why ?? "not a payment that the proxy knows"));
    }

    public ValueTask AnswerAsync(Refusal refusal)
    {
        Refusal = refusal;
        return ValueTask.CompletedTask;
    }

    public ValueTask AnswerJsonAsync(ReadOnlyMemory<byte> document) => ValueTask.CompletedTask;

    private static string NonceOf(string header)
    {
        using var document = JsonDocument.Parse(Convert.FromBase64String(header));
        return document.RootElement.GetProperty("payload").GetProperty("authorization").GetProperty("nonce").GetString()!;
    }
}
