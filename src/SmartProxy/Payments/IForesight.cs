using SmartProxy.Ledger;
using SmartProxy.Storage;

namespace SmartProxy.Payments;

/// <summary>What the books would say to a reservation, right now, without making it.</summary>
internal interface IForesight
{
    ValueTask<Foreseen> ForeseeAsync(ReserveRequest request, CancellationToken cancellationToken);
}

/// <param name="Refusal">Why it would be refused; null when it would be reserved.</param>
/// <param name="Usage">Every line that it would draw on, as it stands without it.</param>
internal sealed record Foreseen(ReserveOutcome.Refused? Refusal, IReadOnlyList<LineUsage> Usage);

/// <summary>The books of this process; they decide as they would, and forget it.</summary>
internal sealed class LedgerForesight(LedgerHost ledger) : IForesight
{
    public ValueTask<Foreseen> ForeseeAsync(ReserveRequest request, CancellationToken cancellationToken) => ledger.QueryAsync(
        (books, now) => new Foreseen(books.Decide(request, now, default).Refusal, [.. request.Lines.Select(line => books.Usage(line, now))]),
        cancellationToken);
}
