using SmartProxy.Ledger;
using SmartProxy.Policies;
using SmartProxy.Protocol;
using SmartProxy.Receipts;

namespace SmartProxy.Payments;

/// <summary>
/// Answers a refusal and puts it on the record, so that it ends as a receipt. Identical refusals within a minute share the receipt of the
/// first, which tells their number when the minute is over: a loop of an agent does not fill the journal.
/// </summary>
internal sealed partial class RefusalDesk : IDisposable
{
    private const int Remembered = 10_000;
    private static readonly TimeSpan Together = TimeSpan.FromMinutes(1);

    private readonly ILedger _ledger;
    private readonly IPolicyView _policies;
    private readonly QueryDigester _queries;
    private readonly IRandomSource _random;
    private readonly TimeProvider _time;
    private readonly ILogger<RefusalDesk> _logger;
    private readonly Lock _gate = new();
    private readonly Dictionary<RefusalKey, Group> _recent = [];
    private readonly ITimer _sweep;

    public RefusalDesk(ILedger ledger, IPolicyView policies, QueryDigester queries, IRandomSource random, TimeProvider time, ILogger<RefusalDesk> logger)
    {
        (_ledger, _policies, _queries, _random, _time, _logger) = (ledger, policies, queries, random, time, logger);
        _sweep = time.CreateTimer(_ => Sweep(time.GetUtcNow()), null, Together, Together);
    }

    public async ValueTask RefuseAsync(IUpstreamCall call, Challenge challenge, Claim.Refused refused, Bytes32 requestDigest = default)
    {
        var (agent, refusal) = (call.Identity.Agent, refused.Refusal);
        var key = new RefusalKey(agent, call.Origin, PathOf(call.Target), refusal.Reason, refused.Shadow);
        var (id, isNew) = Join(key, () =>
        {
            var offer = challenge.Offers[0];
            var context = PaymentContexts.Of(call, _queries, offer, refused.Rule) with { Trace = refused.Trace, Shadow = refused.Shadow };
            return new LedgerEvent.Refused(
                NewId(), agent, refusal.Reason, context, refused.Figures ?? PaymentFigures.Of(offer), challenge.TermsHash, requestDigest, refused.PolicyHash ?? _policies.Hash);
        });
        if (isNew)
        {
            LogRefused(agent, call.Origin, refusal.Reason, refused.Rule, id);
        }

        await call.AnswerAsync(refusal with { ReceiptId = ReceiptId.Of(id) });
    }

    /// <summary>Puts the numbers that are still open on the record.</summary>
    public void Dispose()
    {
        _sweep.Dispose();
        Sweep(DateTimeOffset.MaxValue);
    }

    private (PaymentId Id, bool IsNew) Join(RefusalKey key, Func<LedgerEvent.Refused> first)
    {
        lock (_gate)
        {
            var now = _time.GetUtcNow();
            if (_recent.TryGetValue(key, out var group) && now < group.Until)
            {
                _recent[key] = group with { Count = group.Count + 1 };
                return (group.First.Decision, false);
            }

            Close(key);
            var refused = first();
            Record(refused);
            if (_recent.Count < Remembered)
            {
                _recent[key] = new Group(refused, 1, now + Together);
            }

            return (refused.Decision, true);
        }
    }

    private void Sweep(DateTimeOffset now)
    {
        lock (_gate)
        {
            foreach (var key in _recent.Where(entry => entry.Value.Until <= now).Select(entry => entry.Key).ToList())
            {
                Close(key);
            }
        }
    }

    private void Close(RefusalKey key)
    {
        if (_recent.Remove(key, out var group) && group.Count > 1)
        {
            Record(group.First with { Count = group.Count });
        }
    }

    private void Record(LedgerEvent.Refused refused) => _ = RecordAsync(refused);

    private async Task RecordAsync(LedgerEvent.Refused refused)
    {
        try
        {
            await _ledger.RecordAsync(refused);
        }
        catch (LedgerUnavailableException exception)
        {
            LogNotRecorded(exception.Message);
        }
    }

    // Whoever varies only the query asks for the same thing in a loop.
    private static string PathOf(string target) => target.IndexOf('?', StringComparison.Ordinal) is var mark and >= 0 ? target[..mark] : target;

    private PaymentId NewId()
    {
        Span<byte> bytes = stackalloc byte[10];
        _random.Fill(bytes);
        return PaymentId.Create(_time.GetUtcNow(), bytes);
    }

    [LoggerMessage(EventId = 1402, Level = LogLevel.Information, Message = "Payment refused for {Agent} at {Origin}: {Reason} by {Rule}, receipt of {Decision}")]
    private partial void LogRefused(AgentId agent, Origin origin, string reason, string rule, PaymentId decision);

    [LoggerMessage(EventId = 1407, Level = LogLevel.Error, Message = "A refusal could not be recorded: {Trouble}")]
    private partial void LogNotRecorded(string trouble);

    private readonly record struct RefusalKey(AgentId Agent, Origin Origin, string Path, string Reason, ShadowSaying? Shadow);

    private sealed record Group(LedgerEvent.Refused First, int Count, DateTimeOffset Until);
}
