using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>What a request to reserve must be, and the line that it becomes.</summary>
internal static class ReserveRequests
{
    /// <summary>The request as it is decided.</summary>
    /// <exception cref="ArgumentException">It contradicts itself: a mistake in the caller.</exception>
    public static ReserveRequest Checked(this ReserveRequest request)
    {
        var (facts, terms, context) = (request.Facts, request.Terms, request.Context);
        var agrees = facts.Network == terms.Chain
            && facts.Asset == terms.Asset
            && facts.PayTo == terms.To
            && facts.Origin == context.Origin
            && (facts.Method.Length == 0 || facts.Method == context.Method)
            && (facts.Path.Length == 0 || facts.Path == context.Path);
        if (!agrees)
        {
            throw new ArgumentException("what was judged is not what would be signed: facts, terms and context must agree", nameof(request));
        }

        if (terms.ValidBefore is < 0 or > BudgetLedger.MaxUnixSeconds)
        {
            throw new ArgumentException($"expected `validBefore` as Unix seconds, found `{terms.ValidBefore}`", nameof(request));
        }

        // Lines write method and path once, in the context: decided by what will be read back.
        if (facts.Method != context.Method || facts.Path != context.Path)
        {
            request = request with { Facts = facts with { Method = context.Method, Path = context.Path } };
        }

        // INVARIANT: a payment counts in every limit that it was checked against.
        return request.Lines.FirstOrDefault(line => !line.Scope.Matches(request.Facts)) is { } stranger
            ? throw new ArgumentException($"the limit `{stranger.Id}` does not match the payment that draws on it", nameof(request))
            : request;
    }

    /// <summary>The line that books it.</summary>
    public static JournalEntry.Reserved ToEntry(this ReserveRequest request, Room room, PaymentId? agreement, string record, Bytes32 nonce) =>
        new()
        {
            Id = request.Id,
            PolicyHash = request.PolicyHash,
            DecisionRecord = record,
            Authorization = new TransferAuthorization(request.Terms, nonce),
            Facts = request.Facts,
            Lines = room.Lines,
            Approval = agreement,
            Grants = room.Grants,
            TermsHash = request.TermsHash,
            RequestDigest = request.RequestDigest,
            LogicalRequest = request.LogicalRequest,
            HasIdempotencyKey = request.HasIdempotencyKey,
            IsSafeMethod = request.IsSafeMethod,
            PinsRecipient = request.PinsRecipient,
            Context = request.Context,
        };
}
