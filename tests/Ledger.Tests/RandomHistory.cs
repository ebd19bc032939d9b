using System.Numerics;
using SmartProxy.Protocol;

namespace SmartProxy.Ledger.Tests;

/// <summary>One random history: payments, their fates, questions, grants, and edits of the policy, each step judged by the naive model too.</summary>
internal sealed class RandomHistory
{
    private readonly Random _random;
    private readonly Books _books = new();
    private readonly NaiveBooks _naive = new();
    private readonly List<ReserveRequest> _pending = [];
    private RandomPolicy _policy;

    public RandomHistory(int seed)
    {
        _random = new Random(seed);
        _policy = new RandomPolicy(_random);
        _books.Now = new DateTimeOffset(2028, 2, 1, 0, 0, 0, TimeSpan.Zero).AddDays(_random.Next(60));
    }

    /// <summary>What has happened.</summary>
    public HashSet<string> Seen { get; } = [];

    public void Run(int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            Step();
        }

        CompareAll();
        ReplayGivesTheSame();
    }

    private void Step()
    {
        switch (_random.Next(17))
        {
            case < 6:
                Reserve(NewRequest());
                break;
            case < 11:
                Move();
                break;
            case 11:
                Wait();
                break;
            case 12:
                Compare(_policy.Lines[_random.Next(_policy.Lines.Length)]);
                break;
            case 13:
                Answer();
                break;
            case 14 when _pending.Count > 0:
                Retry(_pending[^_random.Next(1, Math.Min(_pending.Count, 5) + 1)]);
                break;
            default:
                Rarely();
                break;
        }
    }

    private ReserveRequest NewRequest()
    {
        var merchant = _random.Next(3) switch { 0 => "exa", 1 => "papers", _ => null };
        var template = _books.Request("0.01", [], agent: RandomPolicy.Agents[_random.Next(3)], validSeconds: _random.Next(-5, 600), request: "r" + _random.Next(20), pins: _random.Next(4) == 0)
            .At($"https://{(char)('a' + _random.Next(3))}.example", "GET", "/" + _random.Next(3), merchant);
        var (payTo, value) = (Books.Address(_random.Next(_random.Next(1, 9))), new Usd((UInt128)_random.Next(1, 400_000)));
        var facts = template.Facts with { PayTo = payTo, Value = value, Group = _random.Next(2) == 0 ? "lab" : null };
        return template with
        {
            Facts = facts,
            Terms = template.Terms with { To = payTo, Value = new TokenAmount(value.Micros) },
            Lines = [.. _policy.Lines.Where(line => line.Scope.Matches(facts) && _random.Next(4) > 0)],
            Guards = _policy.Guards(facts),
        };
    }

    // Judged again, as the policy in force says.
    private void Retry(ReserveRequest request) => Reserve(request.Again(_books) with
    {
        Lines = [.. _policy.Lines.Where(line => line.Scope.Matches(request.Facts))],
        Guards = request.Guards with { Breaker = null },
    });

    private void Reserve(ReserveRequest request)
    {
        var expected = _naive.Judge(request, _books.Now);
        var over = Over(request);
        var refusal = _books.Reserve(request);
        Assert.Equal(expected, refusal?.Reason);
        Seen.Add(refusal?.Reason.ToString() ?? "paid");
        if (refusal is null)
        {
            StaysWithinLimitsAndGrants(request, over);
            _naive.Add(request, _books.Now, _books.LastReserved);
        }
        else if (refusal.RetryAfter is { } wait)
        {
            IsWorthTheWait(request, refusal, _books.Now + wait);
        }
        else if (refusal is { Approval.Open: null, MayAsk: true } && _random.Next(2) == 0)
        {
            _naive.Ask(_books.Ask(refusal, request), request, _books.Now + refusal.Approval.ValidFor);
            _pending.Add(request);
        }
    }

    // What no model has to agree with: the sum of each limit of the policy in force, this payment included, is within it or covered by grants to its owner.
    private void StaysWithinLimitsAndGrants(ReserveRequest request, Dictionary<string, BigInteger> over)
    {
        var entry = _books.LastReserved;
        Seen.Add(entry.Approval is null ? "paid" : "paid by agreement");
        Seen.Add(entry.Grants.Count switch { 0 => "paid", 1 => "paid by a grant", _ => "paid by several grants" });
        foreach (var line in request.Lines)
        {
            var granted = entry.Grants.Where(use => NaiveBooks.IsOwnedBy(line.Owner, request.Facts.Merchant, _naive.Grants.Single(grant => grant.Grant == use.Grant)))
                .Aggregate(BigInteger.Zero, (sum, use) => sum + use.Amount.Micros);
            Assert.True(over[line.Id] <= granted, $"`{line.Id}` is exceeded by {over[line.Id]}, of which {granted} was granted");
            Assert.True(line.Limit.Measure == SpendMeasure.Dollars || over[line.Id] == 0, $"the count `{line.Id}` is exceeded");
        }

        Assert.All(entry.Grants, use => Assert.True(_naive.UsedOf(use.Grant) + use.Amount.Micros <= _naive.Grants.Single(grant => grant.Grant == use.Grant).Amount.Micros));
        Assert.Equal(request.Lines.Select(line => line.Id), entry.Lines.Select(line => line.Id));
        Assert.All(request.Lines.Zip(entry.Lines), pair =>
            Assert.Equal(_naive.Sum(pair.First, _books.Now), ((BigInteger)pair.Second.Spent.Units, (BigInteger)pair.Second.Held.Units)));
    }

    private Dictionary<string, BigInteger> Over(ReserveRequest request) => request.Lines.ToDictionary(line => line.Id, line => _naive.Excess(line, request.Facts, _books.Now));

    private void IsWorthTheWait(ReserveRequest request, ReserveOutcome.Refused refusal, DateTimeOffset then)
    {
        switch (refusal.Reason)
        {
            // A recipient that needs no room now, because it is counted, may need some when it is not counted any more.
            case ReserveRefusal.BudgetExceeded or ReserveRefusal.CountExceeded:
                var lines = request.Lines.Where(line => line == refusal.Line!.Line || line.Limit.Measure != SpendMeasure.Recipients);
                Assert.Null(_naive.WithoutRoom(request with { Lines = [.. lines] }, then));
                break;
            case ReserveRefusal.RequestLoop:
                Assert.False(_naive.IsLooping(request.Guards.Loop!, request, then));
                break;
        }
    }

    private void Move()
    {
        if (_naive.Entries.Count == 0)
        {
            return;
        }

        // Mostly young payments: they have most ways to go.
        var entry = _naive.Entries[Math.Max(0, _naive.Entries.Count - 1 - _random.Next(_random.Next(1, 40)))];
        var to = (PaymentState)_random.Next(1, 5);
        if (!PaymentMoves.IsLegal(entry.State, to))
        {
            return;
        }

        var (delivered, restart) = (_random.Next(3) > 0, _random.Next(5) == 0);
        switch (to)
        {
            case PaymentState.Sent:
                _books.Send(entry.Id);
                break;
            case PaymentState.Settled:
                _books.Settle(entry.Id, delivered);
                break;
            case PaymentState.InDoubt when restart:
                _books.Record(new LedgerEvent.InDoubt(entry.Id, "restart", null, Delivered: false));
                break;
            case PaymentState.InDoubt:
                _books.Doubt(entry.Id, delivered);
                break;
            default:
                _books.Abort(entry.Id);
                break;
        }

        _naive.End(entry, to, _books.Now, delivered, told: to != PaymentState.InDoubt || !restart);
    }

    private void Wait() => _books.Now += _random.Next(12) switch
    {
        < 5 => TimeSpan.FromMilliseconds(_random.Next(2000)),
        < 8 => TimeSpan.FromSeconds(_random.Next(600)),
        8 => TimeSpan.FromMinutes(_random.Next(120)),
        < 11 => TimeSpan.FromHours(_random.Next(30)),
        _ => TimeSpan.FromDays(_random.Next(40)),
    };

    private void Answer()
    {
        var open = _naive.Questions.Where(question => question.Answer is null && _books.Now < question.Closes).ToList();
        if (open.Count > 0)
        {
            var question = open[_random.Next(open.Count)];
            _books.Answer(question.Id, _random.Next(4) > 0, TimeSpan.FromMinutes(_random.Next(1, 60)));
            question.Answer = (LedgerEvent.ApprovalAnswered)((JournalEntry.Recorded)_books.Lines[^1].Entry).Event;
        }
    }

    private void Rarely()
    {
        switch (_random.Next(6))
        {
            case 0:
                _policy = new RandomPolicy(_random);
                _books.Record(new LedgerEvent.PolicyActivated(Books.Policy, "{}", "[]", "edited"));
                CompareAll();
                break;
            case < 4:
                var owner = _policy.Lines[_random.Next(_policy.Lines.Length)].Owner;
                _books.Grant($"0.{_random.Next(1, 10)}", owner, _random.Next(3) == 0 ? "exa" : null, TimeSpan.FromMinutes(_random.Next(1, 600)));
                _naive.Grant((LedgerEvent.Granted)((JournalEntry.Recorded)_books.Lines[^1].Entry).Event);
                break;
            case 4 when _naive.Grants.Count > 0:
                Revoke(_naive.Grants[_random.Next(_naive.Grants.Count)].Grant);
                break;
        }
    }

    private void Revoke(PaymentId grant)
    {
        if (!_books.GrantOf(grant).IsRevoked)
        {
            _books.Record(new LedgerEvent.GrantRevoked(grant, "operator", "over"));
            _naive.Revoke(grant);
        }
    }

    private void Compare(BudgetLine line)
    {
        var usage = _books.Usage(line);
        Assert.Equal(_naive.Sum(line, _books.Now), ((BigInteger)usage.Spent.Units, (BigInteger)usage.Held.Units));
    }

    private void CompareAll()
    {
        Assert.All(_policy.Lines, Compare);
        Assert.All(_books.Ledger.Grants(_books.Now), view => Assert.Equal(_naive.UsedOf(view.Grant.Grant), (BigInteger)view.Used.Micros));
    }

    private void ReplayGivesTheSame()
    {
        var again = _books.Reread();
        Assert.Equal(_books.Ledger.Payments.Select(Told), again.Payments.Select(Told));
        Assert.Equal(_books.Ledger.Pins.OrderBy(pin => pin.Key.ToString()), again.Pins.OrderBy(pin => pin.Key.ToString()));
        Assert.Equal(_books.Ledger.Grants(_books.Now), again.Grants(_books.Now));
        Assert.Equal(_books.Ledger.Approvals(_books.Now).Select(Told), again.Approvals(_books.Now).Select(Told));
        Assert.All(_policy.Lines, line => Assert.Equal(_books.Usage(line), again.Usage(line, _books.Now)));

        // And it decides the same from here on.
        for (var i = 0; i < 50; i++)
        {
            var request = NewRequest();
            var (live, replayed) = (_books.Ledger.Decide(request, _books.Now, default), again.Decide(request, _books.Now, default));
            Assert.Equal(live.Refusal, replayed.Refusal);
            Assert.Equal(live.Entry is null ? null : Figures(live.Entry), replayed.Entry is null ? null : Figures(replayed.Entry));
        }

        static object Told(object told) => told switch
        {
            Payment p => (p.Id, p.Sequence, p.ReservedAt, p.ChangedAt, p.Facts, p.ValidBefore, p.State, p.Delivered, p.Outcome, p.OutcomeAt),
            ApprovalView v => (v.Id, v.Question, v.AskedAt, v.ExpiresAt, v.State, v.By, v.Reason),
            _ => throw new NotSupportedException(),
        };

        static string Figures(JournalEntry.Reserved entry) => string.Join(' ', [.. entry.Lines, entry.Approval, .. entry.Grants]);
    }
}
