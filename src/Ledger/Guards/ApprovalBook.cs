using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>
/// The questions to people and their answers. A question is found by what it binds; while it is open, or its answer is good, there is no second
/// one for the same. An agreement is used up by one payment, also when that payment is called off.
/// </summary>
internal sealed class ApprovalBook
{
    /// <summary>The most questions of one agent that may be open: nobody reads more, and an agent must not bury those of others.</summary>
    public const int MaxOpenPerAgent = 100;

    /// <summary>How many closed questions are kept to be shown.</summary>
    public const int MaxClosed = 1000;

    private readonly Dictionary<PaymentId, Approval> _approvals = [];
    private readonly Dictionary<Bytes32, Approval> _latest = [];
    private readonly Dictionary<AgentId, List<Approval>> _asked = [];
    private int _sweepAt = 2 * MaxClosed;

    /// <summary>Whether a person has agreed, and by which answer; else what has to be said to the agent.</summary>
    public (PaymentId? Agreed, ReserveOutcome.Refused? Refusal) Ask(ReserveRequest request, ApprovalGuard guard, ApprovalCauses causes, DateTimeOffset now)
    {
        var binding = ApprovalBinding.Of(request);
        var agent = request.Facts.Agent;
        var question = new ApprovalQuestion(binding, agent, causes, guard.Rule, guard.Hold, guard.ValidFor);
        if (_latest.TryGetValue(binding, out var approval) && approval.IsLive(now))
        {
            question = question with { Open = approval.Id };
            return approval.StateAt(now) switch
            {
                ApprovalState.Approved => (approval.Id, null),
                ApprovalState.Denied => (null, Refuse(ReserveRefusal.ApprovalDenied)),
                _ => (null, Refuse(ReserveRefusal.ApprovalPending)),
            };
        }

        return (null, CloseOf(agent, now) is { } closes
            ? Refuse(ReserveRefusal.ApprovalPending) with { MayAsk = false, RetryAfter = closes - now }
            : Refuse(ReserveRefusal.ApprovalPending) with { MayAsk = true });

        ReserveOutcome.Refused Refuse(ReserveRefusal reason) => new(reason) { Rule = guard.Rule, Approval = question };
    }

    public string? ObjectionTo(LedgerEvent.ApprovalRequested asked, DateTimeOffset now) =>
        _approvals.ContainsKey(asked.Approval) ? $"the question `{asked.Approval}` was asked already"
        : _latest.TryGetValue(asked.Question.Binding, out var earlier) && earlier.IsLive(now) ? $"the same is asked by `{earlier.Id}`, or was answered by it"
        : CloseOf(asked.Question.Agent, now) is not null ? $"agent `{asked.Question.Agent}` has {MaxOpenPerAgent} open questions, and may not have more"
        : null;

    public string? ObjectionTo(LedgerEvent.ApprovalAnswered answer) =>
        !_approvals.TryGetValue(answer.Approval, out var approval) ? $"the question `{answer.Approval}` was never asked, or is long closed"
        : approval.Answer is not null ? $"the question `{answer.Approval}` was answered before"
        : null;

    /// <summary>Why a person's answer comes too late; asked before it is recorded, and never of what is on record.</summary>
    public string? Lateness(LedgerEvent.ApprovalAnswered answer, DateTimeOffset now) =>
        _approvals.TryGetValue(answer.Approval, out var approval) && approval.StateAt(now) == ApprovalState.Expired
            ? $"the question `{answer.Approval}` has closed: the agent has to ask again" : null;

    /// <summary>Whether a reservation may use up this agreement.</summary>
    public string? ObjectionTo(JournalEntry.Reserved entry) =>
        entry.Approval is not { } id ? null
        : !_approvals.TryGetValue(id, out var approval) || approval.Answer is not { Approved: true } ? $"payment `{entry.Id}` uses `{id}`, which nobody agreed to"
        : approval.IsUsed ? $"payment `{entry.Id}` uses `{id}`, which was used before"
        : approval.Question.Binding != ApprovalBinding.Of(entry) ? $"payment `{entry.Id}` uses `{id}`, which agreed to another payment"
        : null;

    public void Add(LedgerEvent.ApprovalRequested asked, DateTimeOffset at)
    {
        Sweep(at);
        var approval = new Approval(asked, at);
        _approvals.Add(approval.Id, approval);
        _latest[approval.Question.Binding] = approval;
        if (!_asked.TryGetValue(approval.Question.Agent, out var mine))
        {
            mine = [];
            _asked.Add(approval.Question.Agent, mine);
        }

        mine.RemoveAll(other => other.StateAt(at) != ApprovalState.Open);
        mine.Add(approval);
    }

    public void Answered(LedgerEvent.ApprovalAnswered answer) => _approvals[answer.Approval].Answered(answer);

    public void Used(PaymentId approval) => _approvals[approval].IsUsed = true;

    /// <summary>The open questions, oldest first, then the closed ones, newest first; not more than people can read.</summary>
    public IReadOnlyList<ApprovalView> Views(DateTimeOffset now, int limit)
    {
        var views = _approvals.Values.Select(approval => approval.ToView(now)).ToLookup(view => view.State == ApprovalState.Open);
        return [.. views[true].OrderBy(view => view.AskedAt).Concat(views[false].OrderByDescending(view => view.AskedAt)).Take(limit)];
    }

    // When the first of its questions closes, for an agent that has as many as it may have.
    private DateTimeOffset? CloseOf(AgentId agent, DateTimeOffset now)
    {
        if (!_asked.TryGetValue(agent, out var mine))
        {
            return null;
        }

        var open = mine.Where(approval => approval.StateAt(now) == ApprovalState.Open).ToList();
        return open.Count < MaxOpenPerAgent ? null : open.Min(approval => approval.ExpiresAt);
    }

    // Only closed questions go, and nothing on record later refers to those.
    private void Sweep(DateTimeOffset at)
    {
        if (_approvals.Count < _sweepAt)
        {
            return;
        }

        foreach (var approval in _approvals.Values.Where(approval => !approval.IsLive(at)).OrderByDescending(approval => approval.AskedAt).Skip(MaxClosed).ToList())
        {
            _approvals.Remove(approval.Id);
            if (_latest.GetValueOrDefault(approval.Question.Binding) == approval)
            {
                _latest.Remove(approval.Question.Binding);
            }
        }

        _sweepAt = Math.Max(2 * MaxClosed, 2 * _approvals.Count);
    }
}

/// <summary>One question, and what became of it.</summary>
internal sealed class Approval(LedgerEvent.ApprovalRequested asked, DateTimeOffset at)
{
    public PaymentId Id => asked.Approval;

    public ApprovalQuestion Question { get; } = asked.Question with { Open = null };

    public DateTimeOffset AskedAt => at;

    /// <summary>When the question closes or, once it is answered, the answer.</summary>
    public DateTimeOffset ExpiresAt { get; private set; } = BudgetLedger.Whole(asked.ExpiresAt);

    public LedgerEvent.ApprovalAnswered? Answer { get; private set; }

    public bool IsUsed { get; set; }

    public ApprovalState StateAt(DateTimeOffset now) =>
        IsUsed ? ApprovalState.Used
        : Answer is { Approved: false } ? ApprovalState.Denied
        : now >= ExpiresAt ? ApprovalState.Expired
        : Answer is null ? ApprovalState.Open
        : ApprovalState.Approved;

    /// <summary>Whether it is waited for or its answer still good. A denial is good for as long as it says, then the agent may ask again.</summary>
    public bool IsLive(DateTimeOffset now) => !IsUsed && now < ExpiresAt;

    public void Answered(LedgerEvent.ApprovalAnswered answer) => (Answer, ExpiresAt) = (answer, BudgetLedger.Whole(answer.ExpiresAt));

    public ApprovalView ToView(DateTimeOffset now) =>
        new(Id, Question, asked.Context, asked.Figures, AskedAt, ExpiresAt, StateAt(now), Answer?.By, Answer?.Reason);
}
