using System.Globalization;
using System.Text.Json;
using SmartProxy.Ledger;
using SmartProxy.Payments;
using SmartProxy.Protocol;
using SmartProxy.Storage;

namespace SmartProxy.Chain;

/// <summary>
/// <c>payments void</c>: an operator closes a doubt that no chain settles. Only when the authorization can't be used any more: by the chain's time
/// where nodes are configured, otherwise by our clock with an hour to spare. The payment is booked as spent; only proof returns money.
/// </summary>
/// <param name="ledger">The books.</param>
/// <param name="time">Our clock.</param>
/// <param name="watches">Whether nodes of a chain are configured.</param>
/// <param name="finalTime">The time of a chain's newest final block; null while it is not known.</param>
internal sealed class VoidOrder(LedgerHost ledger, TimeProvider time, Func<ChainId, bool> watches, Func<ChainId, DateTimeOffset?> finalTime)
{
    /// <summary>The same for a stopped system, which knows no chain.</summary>
    public static VoidOrder Offline(LedgerHost ledger, TimeProvider time) => new(ledger, time, static _ => false, static _ => null);

    /// <summary>Voids it; or why not: a stable word and a sentence.</summary>
    public async ValueTask<Refusal?> RunAsync(PaymentId id, string by, string reason, CancellationToken cancellationToken)
    {
        var found = await ledger.QueryAsync((books, _) => books.Find(id) is { } payment ? new Found(payment.State, payment.Facts.Network, payment.ValidBefore) : null, cancellationToken);
        if (found is null)
        {
            return new Refusal(404, "payment_not_found", $"there is no payment {id}; see `smartproxy payments --outcome in_doubt`");
        }

        if (found.State is not PaymentState.InDoubt)
        {
            return new Refusal(409, "payment_not_in_doubt", $"payment {id} is {JsonNamingPolicy.SnakeCaseLower.ConvertName(found.State.ToString())}; only one in doubt can be voided");
        }

        if (TooEarly(found) is { } early)
        {
            return new Refusal(409, "void_too_early", early);
        }

        try
        {
            await ledger.RecordAsync(new LedgerEvent.Voided(id, by, reason));
            return null;
        }
        catch (LedgerInvariantException)
        {
            return new Refusal(409, "payment_not_in_doubt", $"payment {id} was concluded at this moment; look at it again");
        }
    }

    private string? TooEarly(Found found)
    {
        var ends = found.ValidBefore.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        if (!watches(found.Network))
        {
            return time.GetUtcNow() - BudgetLedger.LiveMargin < found.ValidBefore ? $"the payment can be charged until {ends}, and without a node an hour more is waited for" : null;
        }

        return finalTime(found.Network) is { } now
            ? now < found.ValidBefore ? $"the payment can be charged until {ends}, and the newest final block of {found.Network} is of {now:u}" : null
            : $"the time of {found.Network} is not known yet; ask again when /healthz shows no trouble with it";
    }

    private sealed record Found(PaymentState State, ChainId Network, DateTimeOffset ValidBefore);
}
