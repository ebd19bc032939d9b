using SmartProxy.AdminApi;
using SmartProxy.Protocol;
using SmartProxy.Receipts;
using SmartProxy.Storage;
using PaymentQuery = SmartProxy.AdminApi.PaymentQuery;

namespace SmartProxy.Hosting;

/// <summary>What the APIs list and search, answered by the read model.</summary>
internal sealed class PaymentArchive(LiteDbReadModel readModel, ReceiptDesk receipts) : IPaymentArchive
{
    public async ValueTask<PaymentPage> SearchAsync(PaymentQuery query, CancellationToken cancellationToken) => await SearchAsync(readModel, query, cancellationToken);

    /// <summary>The same for a stopped system, whose read model was just opened.</summary>
    public static async ValueTask<PaymentPage> SearchAsync(LiteDbReadModel readModel, PaymentQuery query, CancellationToken cancellationToken)
    {
        await readModel.CatchUpAsync(cancellationToken);
        var before = query.Before is { } last ? (await readModel.FindPaymentAsync(last, cancellationToken))?.Sequence ?? 0 : long.MaxValue;
        var found = await readModel.PaymentsAsync(
            new Storage.PaymentQuery(query.Agent, query.Host, query.Outcome is null ? null : StateOf(query.Outcome), before, query.Count + 1), cancellationToken);
        var rows = found.Take(query.Count)
            .Where(payment => (query.Since is not { } since || payment.At >= since) && (query.Until is not { } until || payment.At < until))
            .Select(Row).ToList();
        return new PaymentPage(rows, found.Count > query.Count ? found[query.Count - 1].Id : null);
    }

    public async ValueTask<string?> FindReceiptAsync(string id, AgentId? owner, CancellationToken cancellationToken) =>
        await receipts.FindAsync(id, cancellationToken) is { } receipt && (owner is null || receipt.Agent == owner) ? receipt.Jws : null;

    private static PaymentRow Row(PaymentDocument payment) => new(payment.Id, payment.At, payment.Agent, OutcomeOf(payment.Outcome), payment.Method, payment.Origin, payment.Path)
    {
        Reason = payment.Reason,
        Rule = payment.Rule,
        Value = payment.Value,
        Network = payment.Network,
        PayTo = payment.PayTo,
        Transaction = payment.Transaction,
        Settlement = payment.Settlement,
        Undelivered = payment.Undelivered,
        Refunded = payment.Refunded,
    };

    private static string OutcomeOf(string state) => state switch
    {
        "settled" => "paid",
        "aborted" => "failed",
        _ => state,
    };

    private static string StateOf(string outcome) => outcome switch
    {
        "paid" => "settled",
        "failed" => "aborted",
        _ => outcome,
    };
}
