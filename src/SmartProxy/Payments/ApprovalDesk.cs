using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Storage;

namespace SmartProxy.Payments;

/// <summary>What a person is asked, with what people need to see.</summary>
/// <param name="Question">The exact payment, and for how long to wait.</param>
/// <param name="Context">The request.</param>
/// <param name="Figures">The offer.</param>
internal sealed record ApprovalAsk(ApprovalQuestion Question, PaymentContext Context, RefusalFigures Figures);

/// <summary>
/// Puts questions to people on the record and lets requests wait for the answers, as long as the policy says and nothing else does: (1) claim;
/// (2) where a person has to agree, ask once for each binding; (3) wait for the answer's durable line; (4) claim again from the start, so that
/// policy, freeze, token and budgets are those of the moment of paying. Nothing is reserved while a request waits.
/// </summary>
internal sealed partial class ApprovalDesk : IDisposable
{
    /// <summary>Requests that wait at once; further ones are told <c>approval_pending</c> at once.</summary>
    public const int MaxWaiting = 256;

    /// <summary>… and of one agent.</summary>
    public const int MaxWaitingOfAgent = 16;

    // An answer that comes between the ledger's decision and the wait is found here; older ones the ledger knows.
    private const int MaxRecent = 1024;

    // Claims in a row that end in a question: an answer can be outrun by a change of the policy, but not for ever.
    private const int MaxRounds = 4;

    private readonly LedgerHost _ledger;
    private readonly IRandomSource _random;
    private readonly TimeProvider _time;
    private readonly ILogger<ApprovalDesk> _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<Bytes32, Task<PaymentId>> _asking = [];
    private readonly Dictionary<PaymentId, List<TaskCompletionSource<bool>>> _waiting = [];
    private readonly Dictionary<AgentId, int> _waitingOf = [];
    private readonly HashSet<PaymentId> _answered = [];
    private readonly Queue<PaymentId> _answeredInOrder = [];
    private int _waitingCount;

    public ApprovalDesk(LedgerHost ledger, IRandomSource random, TimeProvider time, ILogger<ApprovalDesk> logger)
    {
        (_ledger, _random, _time, _logger) = (ledger, random, time, logger);
        _ledger.Durable += Follow;
    }

    /// <summary>Requests that wait right now.</summary>
    public int Waiting => Volatile.Read(ref _waitingCount);

    /// <summary>Claims; where a person has to agree, asks, waits, and claims again.</summary>
    /// <param name="call">Its agent's disconnect and its token's end stop the wait.</param>
    /// <param name="claim">Judges and reserves from the start, each time.</param>
    public async ValueTask<Claim> ClaimAsync(IUpstreamCall call, Func<ValueTask<Claim>> claim)
    {
        DateTimeOffset? until = null;
        for (var round = 1; ; round++)
        {
            var claimed = await claim();
            if (claimed is not Claim.Refused { Ask: { } ask } refused)
            {
                return claimed;
            }

            until ??= _time.GetUtcNow() + ask.Question.Hold;
            try
            {
                var id = await AskAsync(ask);
                if (round == MaxRounds || !await WaitAsync(call, id, until.Value))
                {
                    return refused with { Refusal = call.Identity.Ended.IsCancellationRequested ? Refusals.TokenEnded() : Refusals.Asked(refused.Refusal, id) };
                }
            }
            catch (LedgerInvariantException) when (round < MaxRounds)
            {
                // Somebody else asked the same a moment ago: the next claim finds it open.
            }
            catch (LedgerUnavailableException trouble)
            {
                return refused with { Refusal = Refusals.LedgerUnavailable(trouble.Message) };
            }

            if (call.Identity.Ended.IsCancellationRequested)
            {
                return refused with { Refusal = Refusals.TokenEnded() };
            }
        }
    }

    /// <summary>Ends every wait; requests are then told that their question is open.</summary>
    public void StopWaiting() => _stopping.Cancel();

    public void Dispose()
    {
        _ledger.Durable -= Follow;
        _stopping.Cancel();
        _stopping.Dispose();
    }

    // Requests for the same payment that come together ask once; whoever comes later finds the question open.
    private async ValueTask<PaymentId> AskAsync(ApprovalAsk ask)
    {
        if (ask.Question.Open is { } open)
        {
            return open;
        }

        Task<PaymentId> asking;
        lock (_gate)
        {
            if (!_asking.TryGetValue(ask.Question.Binding, out asking!))
            {
                _asking[ask.Question.Binding] = asking = RecordAsync(ask);
            }
        }

        return await asking;
    }

    private async Task<PaymentId> RecordAsync(ApprovalAsk ask)
    {
        await Task.Yield();
        var (question, now) = (ask.Question, _time.GetUtcNow());
        Span<byte> bytes = stackalloc byte[10];
        _random.Fill(bytes);
        var id = PaymentId.Create(now, bytes);
        try
        {
            await _ledger.RecordAsync(new LedgerEvent.ApprovalRequested(id, question, ask.Context, ask.Figures, now + question.ValidFor));
            LogAsked(question.Agent, ask.Figures.Price ?? Usd.Zero, ask.Figures.PayTo, ask.Context.Origin, ApprovalWords.Of(question.Causes), question.Rule, id);
        }
        finally
        {
            lock (_gate)
            {
                _asking.Remove(question.Binding);
            }
        }

        return id;
    }

    /// <summary>Whether an answer came in time. Whatever comes first decides: the answer, the end of patience, or the agent's going.</summary>
    private async ValueTask<bool> WaitAsync(IUpstreamCall call, PaymentId id, DateTimeOffset until)
    {
        var patience = until - _time.GetUtcNow();
        if (patience <= TimeSpan.Zero || Enter(call.Identity.Agent, id) is not { } answer)
        {
            return false;
        }

        try
        {
            using var end = CancellationTokenSource.CreateLinkedTokenSource(call.AgentGone, call.Identity.Ended, _stopping.Token);
            using var gone = end.Token.Register(() => answer.TrySetResult(false));
            using var late = _time.CreateTimer(_ => answer.TrySetResult(false), null, patience, Timeout.InfiniteTimeSpan);
            return await answer.Task;
        }
        finally
        {
            Leave(call.Identity.Agent, id, answer);
        }
    }

    private TaskCompletionSource<bool>? Enter(AgentId agent, PaymentId id)
    {
        lock (_gate)
        {
            var ofAgent = _waitingOf.GetValueOrDefault(agent);
            if (_waitingCount == MaxWaiting || ofAgent == MaxWaitingOfAgent)
            {
                return null;
            }

            _waitingCount++;
            _waitingOf[agent] = ofAgent + 1;
            var answer = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_answered.Contains(id))
            {
                answer.SetResult(true);
                return answer;
            }

            if (!_waiting.TryGetValue(id, out var waiters))
            {
                _waiting[id] = waiters = [];
            }

            waiters.Add(answer);
            return answer;
        }
    }

    private void Leave(AgentId agent, PaymentId id, TaskCompletionSource<bool> answer)
    {
        lock (_gate)
        {
            _waitingCount--;
            if (--_waitingOf[agent] is 0)
            {
                _waitingOf.Remove(agent);
            }

            if (_waiting.TryGetValue(id, out var waiters) && waiters.Remove(answer) && waiters.Count == 0)
            {
                _waiting.Remove(id);
            }
        }
    }

    // On the writer's thread: notes and wakes, and nothing else.
    private void Follow(IReadOnlyList<JournalLine> lines)
    {
        foreach (var line in lines)
        {
            if (line.Entry is JournalEntry.Recorded { Event: LedgerEvent.ApprovalAnswered answered })
            {
                Wake(answered.Approval);
            }
        }
    }

    private void Wake(PaymentId id)
    {
        lock (_gate)
        {
            if (_answered.Add(id))
            {
                _answeredInOrder.Enqueue(id);
                if (_answeredInOrder.Count > MaxRecent)
                {
                    _answered.Remove(_answeredInOrder.Dequeue());
                }
            }

            if (_waiting.Remove(id, out var waiters))
            {
                waiters.ForEach(waiter => waiter.TrySetResult(true));
            }
        }
    }

    [LoggerMessage(EventId = 1410, Level = LogLevel.Warning, Message = "A person has to agree: {Agent} wants to pay {Value} USD to {PayTo} at {Origin} ({Causes}, {Rule}); see `smartproxy approvals`, then `smartproxy approve {Approval}` or `smartproxy deny {Approval}`")]
    private partial void LogAsked(AgentId agent, Usd value, EvmAddress? payTo, Origin origin, string causes, string rule, PaymentId approval);
}
