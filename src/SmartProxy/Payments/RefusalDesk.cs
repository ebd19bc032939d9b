using SmartProxy.Ledger;
using SmartProxy.Policies;
using SmartProxy.Protocol;

namespace SmartProxy.Payments;

/// <summary>
/// Answers a refusal and puts it on the record, so that it ends as a receipt. Identical refusals within a minute share the receipt of the
/// first: a loop of an agent does not fill the journal.
/// </summary>
internal sealed partial class RefusalDesk(ILedger ledger, IPolicyView policies, QueryDigester queries, IRandomSource random, TimeProvider time, ILogger<RefusalDesk> logger)
{
    private const int Remembered = 10_000;
    private static readonly TimeSpan Together = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<RefusalKey, (PaymentId Id, DateTimeOffset Until)> _recent = [];

    public async ValueTask RefuseAsync(
        IUpstreamCall call,
        Challenge challenge,
        Refusal refusal,
        Bytes32 requestDigest = default,
        RefusalFigures? figures = null,
        string rule = "-",
        Bytes32? policyHash = null)
    {
        var agent = call.Identity.Agent;
        var offer = challenge.Offers[0];
        var (id, isNew) = Remember(new RefusalKey(agent, call.Origin, call.Target, refusal.Reason, challenge.TermsHash));
        if (isNew)
        {
            var context = PaymentContexts.Of(call, queries, offer, rule);
            _ = RecordAsync(new LedgerEvent.Refused(
                id, agent, refusal.Reason, context, figures ?? PaymentFigures.Of(offer), challenge.TermsHash, requestDigest, policyHash ?? policies.Hash));
        }

        LogRefused(agent, call.Origin, refusal.Reason, rule, id);
        await call.AnswerAsync(refusal with { ReceiptId = ReceiptIds.Of(id) });
    }

    private async Task RecordAsync(LedgerEvent entry)
    {
        try
        {
            await ledger.RecordAsync(entry);
        }
        catch (LedgerUnavailableException exception)
        {
            LogNotRecorded(exception.Message);
        }
    }

    private (PaymentId Id, bool IsNew) Remember(RefusalKey key)
    {
        var now = time.GetUtcNow();
        lock (_gate)
        {
            if (_recent.TryGetValue(key, out var earlier) && now < earlier.Until)
            {
                return (earlier.Id, false);
            }

            if (_recent.Count >= Remembered)
            {
                foreach (var old in _recent.Where(entry => entry.Value.Until <= now).Select(entry => entry.Key).ToList())
                {
                    _recent.Remove(old);
                }
            }

            Span<byte> bytes = stackalloc byte[10];
            random.Fill(bytes);
            var id = PaymentId.Create(now, bytes);
            if (_recent.Count < Remembered)
            {
                _recent[key] = (id, now + Together);
            }

            return (id, true);
        }
    }

    [LoggerMessage(EventId = 1402, Level = LogLevel.Information, Message = "Payment refused for {Agent} at {Origin}: {Reason} by {Rule}, receipt of {Decision}")]
    private partial void LogRefused(AgentId agent, Origin origin, string reason, string rule, PaymentId decision);

    [LoggerMessage(EventId = 1407, Level = LogLevel.Error, Message = "A refusal could not be recorded: {Trouble}")]
    private partial void LogNotRecorded(string trouble);

    private readonly record struct RefusalKey(AgentId Agent, Origin Origin, string Target, string Reason, Bytes32 Terms);
}
