using SmartProxy.Protocol;

namespace SmartProxy.Ledger.Tests;

/// <summary>What proofs do to sums: money returns where it was reserved, by proof alone and never early; what is proven counts for good, and once.</summary>
public sealed class ChainStateTests
{
    private static readonly DateTimeOffset BeforeMidnight = new(2026, 3, 2, 23, 59, 58, TimeSpan.Zero);
    private readonly Books _books = new();

    [Fact]
    [Trait("invariant", "I11")]
    public void I11_Released_money_returns_to_the_day_it_was_reserved_on_and_never_to_another()
    {
        _books.Now = BeforeMidnight;
        var day = Books.Day("1.00");
        var yesterday = _books.Pay("0.60", day);
        _books.Doubt(yesterday);
        _books.Now = BeforeMidnight.AddHours(3); // past the hour after its validity: it counts in yesterday only
        _books.Pay("0.70", day);

        Expire(yesterday);

        Assert.Equal(Books.Usd("0.70"), _books.Usage(day).Held); // not less
        Assert.Equal(ReserveRefusal.BudgetExceeded, _books.Reserve(_books.Request("0.31", [day]))!.Reason);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Released_money_can_be_spent_again_also_when_a_settlement_was_claimed(bool claimed)
    {
        var day = Books.Day("1.00");
        var id = _books.Pay("1.00", day);
        _books.Send(id);
        if (claimed)
        {
            _books.Settle(id);
        }

        _books.Now = _books.Now.AddSeconds(61);
        Assert.NotNull(_books.Reserve(_books.Request("1.00", [day])));
        Expire(id);
        Assert.Equal((default, default), (_books.Usage(day).Spent.Units, _books.Usage(day).Held.Units));
        _books.Pay("1.00", day);
    }

    [Fact]
    [Trait("invariant", "I3")]
    public void I3_Nothing_is_released_by_a_block_before_the_end_of_validity()
    {
        var id = _books.Pay("1.00", Books.Day("1.00"));
        _books.Doubt(id);
        var validBefore = _books.Ledger.Find(id)!.ValidBefore;
        var early = new LedgerEvent.Expired(id, new ChainProof(1, default, validBefore.AddSeconds(-1)), LedgerEvent.Expired.Unused);
        Assert.Contains("can be used until", _books.Ledger.Objection(new JournalEntry.Recorded(early), _books.Now), StringComparison.Ordinal);
        _books.Record(new LedgerEvent.Expired(id, new ChainProof(1, default, validBefore), LedgerEvent.Expired.Unused));
    }

    [Fact]
    public void A_proven_payment_leaves_the_new_day_at_once_and_stays_in_its_own()
    {
        _books.Now = BeforeMidnight;
        var (day, total) = (Books.Day("1.00"), Books.Total("9.00"));
        var id = _books.Pay("1.00", day, total);
        _books.Send(id);
        _books.Settle(id);
        Assert.Equal(Books.Usd("1.00"), _books.Usage(day).Spent);
        Prove(id);
        Assert.Equal(Books.Usd("1.00"), _books.Usage(day).Spent);

        _books.Now = BeforeMidnight.AddSeconds(4);
        Assert.Equal(default, _books.Usage(day).Spent.Units);
        Assert.Equal(Books.Usd("1.00"), _books.Usage(total).Spent);
        _books.Pay("1.00", day);
    }

    [Fact]
    public void A_voided_payment_is_spent_and_comes_back_only_by_proof()
    {
        var day = Books.Day("1.00");
        var id = _books.Pay("1.00", day);
        _books.Doubt(id);
        _books.Record(new LedgerEvent.Voided(id, "operator", "the seller is gone"));
        Assert.Equal((Books.Usd("1.00"), default), ((Usd)new Usd(_books.Usage(day).Spent.Units), new Usd(_books.Usage(day).Held.Units)));
        _books.Now = _books.Now.AddHours(2);
        Assert.NotNull(_books.Reserve(_books.Request("0.01", [day])));

        Expire(id);
        _books.Pay("1.00", day);
    }

    [Fact]
    public void A_key_in_doubt_is_freed_by_the_proof_that_it_was_never_charged()
    {
        Assert.Null(_books.Reserve(_books.Request("0.01", [], logical: "key", key: true), out var id));
        _books.Doubt(id);
        _books.Now = _books.Now.AddDays(3);
        Assert.Equal(ReserveRefusal.PaymentInDoubt, _books.Reserve(_books.Request("0.01", [], logical: "key", key: true))!.Reason);
        Expire(id);
        Assert.Null(_books.Reserve(_books.Request("0.01", [], logical: "key", key: true)));
    }

    [Fact]
    public void A_proof_begins_no_second_duplicate_window()
    {
        Assert.Null(_books.Reserve(_books.Request("0.01", [], logical: "post", safe: false), out var id));
        _books.Send(id);
        _books.Settle(id);
        _books.Now = _books.Now.AddSeconds(31);
        Prove(id);
        Assert.Null(_books.Reserve(_books.Request("0.01", [], logical: "post", safe: false)));
    }

    [Fact]
    public void A_grant_gets_back_what_a_dead_payment_used()
    {
        var day = Books.Day("1.00");
        var line = day with { Owner = BudgetOwner.Agent(Books.Me) };
        var grant = PaymentId.Parse("01jaaaaaaaaaaaaaaaaaaaaaaa");
        _books.Record(new LedgerEvent.Granted(grant, line.Owner, null, Books.Usd("1.00"), _books.Now.AddDays(1), "operator", "reason"));
        _books.Pay("1.00", line);
        var second = _books.Pay("1.00", line);
        _books.Doubt(second);
        Assert.NotNull(_books.Reserve(_books.Request("1.00", [line])));
        Expire(second);
        _books.Pay("1.00", line);
    }

    [Fact]
    public void Drift_is_recorded_once()
    {
        var drift = new ChainDrift(new ChainId(1), EvmAddress.Zero, EvmAddress.Zero, null, null, null, 3, new ChainProof(1, default, _books.Now, Books.Digest("tx")));
        Assert.False(_books.Ledger.IsKnown(drift));
        _books.Record(new LedgerEvent.Drifted(drift));
        Assert.True(_books.Ledger.IsKnown(drift));
        Assert.False(_books.Ledger.IsKnown(drift with { LogIndex = 4 }));
        Assert.Throws<LedgerInvariantException>(() => _books.Record(new LedgerEvent.Drifted(drift)));
    }

    /// <summary>Random proofs at random times: every sum is what a plain loop over all payments says, and what a replay of the journal says.</summary>
    [Fact]
    public void Sums_that_follow_proofs_equal_a_loop_over_all_payments()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var (random, books) = (new Random(seed), new Books { Now = BeforeMidnight.AddHours(-(seed % 13)) });
            BudgetLine[] lines = [Books.Day("100.00"), Books.Rolling("100.00", TimeSpan.FromHours(2)), Books.Total("1000.00")];
            var open = new List<PaymentId>();
            for (var step = 0; step < 300; step++)
            {
                Step(books, random, open, lines);
                books.Now += TimeSpan.FromSeconds(random.Next(600));
                Assert.All(lines, line =>
                {
                    var (usage, expected) = (books.Usage(line), Naive(books, line));
                    Assert.True((usage.Spent.Units, usage.Held.Units) == expected, $"seed {seed} step {step} {line.Id}: {usage.Spent}+{usage.Held}, by hand {expected}");
                });
                var again = new BudgetLedger();
                if (step % 30 == 0)
                {
                    books.Lines.ForEach(again.Apply);
                    Assert.All(lines, line =>
                    {
                        var (live, built) = (books.Usage(line), again.Usage(line, books.Now));
                        Assert.True((live.Spent, live.Held) == (built.Spent, built.Held), $"seed {seed} step {step} {line.Id}: {live.Spent}+{live.Held}, from nothing {built.Spent}+{built.Held}");
                    });
                }
            }
        }
    }

    private static (UInt128 Spent, UInt128 Held) Naive(Books books, BudgetLine line)
    {
        var (now, start) = (books.Now, new DateTimeOffset(books.Now.UtcDateTime.Date, TimeSpan.Zero));
        UInt128 spent = 0, held = 0;
        foreach (var payment in books.Ledger.Payments.Where(payment => payment.State is not (PaymentState.Aborted or PaymentState.Expired)))
        {
            var counts = line.Window switch
            {
                SpendWindow.Total => true,
                SpendWindow.Rolling rolling => now < payment.ValidBefore + rolling.Length,
                _ => payment.ReservedAt >= start || (payment.State != PaymentState.Proven && now <= payment.ValidBefore + TimeSpan.FromHours(1)),
            };
            var isSpent = payment.State is PaymentState.Settled or PaymentState.Proven or PaymentState.Voided;
            spent += counts && isSpent ? payment.Facts.Value.Micros : 0;
            held += counts && !isSpent ? payment.Facts.Value.Micros : 0;
        }

        return (spent, held);
    }

    private static void Step(Books books, Random random, List<PaymentId> open, BudgetLine[] lines)
    {
        if (open.Count == 0 || random.Next(3) == 0)
        {
            open.Add(books.Pay("0.01", lines));
            return;
        }

        var id = open[random.Next(open.Count)];
        var state = books.Ledger.Find(id)!.State;
        switch (random.Next(5), state)
        {
            case (0, PaymentState.Reserved):
                books.Send(id);
                break;
            case (1, PaymentState.Sent):
                books.Settle(id);
                break;
            case (2, PaymentState.Sent):
                books.Doubt(id);
                break;
            case (3, PaymentState.InDoubt):
                books.Record(new LedgerEvent.Voided(id, "test", ""));
                break;
            case (4, _) when random.Next(2) == 0:
                books.Record(new LedgerEvent.Proven(id, new ChainProof(1, default, books.Now)));
                open.Remove(id);
                break;
            case (4, _):
                books.Record(new LedgerEvent.Expired(id, new ChainProof(1, default, books.Now.AddHours(1)), LedgerEvent.Expired.Unused));
                open.Remove(id);
                break;
        }
    }

    private void Expire(PaymentId id) =>
        _books.Record(new LedgerEvent.Expired(id, new ChainProof(1, default, _books.Ledger.Find(id)!.ValidBefore), LedgerEvent.Expired.Unused));

    private void Prove(PaymentId id) => _books.Record(new LedgerEvent.Proven(id, new ChainProof(1, default, _books.Now)));
}
