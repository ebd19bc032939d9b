using SmartProxy.Protocol;

namespace SmartProxy.Ledger.Tests;

/// <summary>A seller that takes money and delivers nothing gets no more.</summary>
public sealed class BreakerTests
{
    private static readonly SpendScope Exa = new("merchant=exa", facts => facts.Merchant == "exa");
    private static readonly BreakerGuard Guard = new("merchants.exa.breaker", Exa, 3, TimeSpan.FromMinutes(15));
    private readonly Books _books = new();

    [Fact]
    public void Three_failures_in_a_row_stop_payments_until_the_pause_after_the_last_is_over()
    {
        Fail();
        Fail();
        _books.Now += TimeSpan.FromMinutes(1);
        Fail();
        Assert.Equal(TimeSpan.FromMinutes(15), AssertSuspended().RetryAfter);

        _books.Now += TimeSpan.FromMinutes(15) - TimeSpan.FromMicroseconds(1);
        Assert.Equal(TimeSpan.FromMicroseconds(1), AssertSuspended().RetryAfter);
        _books.Now += TimeSpan.FromMicroseconds(1);
        Pay();
    }

    [Fact]
    public void After_the_pause_one_payment_is_tried_at_a_time()
    {
        FailThrice();
        _books.Now += TimeSpan.FromMinutes(15);
        var trial = Pay();
        Assert.Equal(TimeSpan.FromSeconds(2), AssertSuspended().RetryAfter);
        _books.Send(trial);
        AssertSuspended();
        _books.Settle(trial, delivered: true);
        Pay();
        Pay();
    }

    [Fact]
    public void A_seller_whose_answers_all_begin_well_and_end_badly_is_stopped_too()
    {
        for (var i = 0; i < 3; i++)
        {
            var payment = Pay();
            _books.Send(payment);
            _books.Settle(payment, delivered: true);
            _books.Record(new LedgerEvent.Undelivered(payment, "truncated"));
        }

        AssertSuspended();
    }

    [Fact]
    public void A_trial_that_fails_begins_the_pause_again()
    {
        FailThrice();
        _books.Now += TimeSpan.FromMinutes(15);
        Fail();
        Assert.Equal(TimeSpan.FromMinutes(15), AssertSuspended().RetryAfter);
    }

    [Fact]
    public void A_trial_that_was_called_off_or_lost_in_a_restart_leaves_room_for_another()
    {
        FailThrice();
        _books.Now += TimeSpan.FromMinutes(15);
        _books.Abort(Pay());
        _books.Record(new LedgerEvent.InDoubt(Pay(), LedgerEvent.InDoubt.Restart, null, false));
        Pay();
    }

    [Fact]
    public void A_trial_that_nobody_ended_is_in_the_way_only_while_it_could_be_charged()
    {
        FailThrice();
        _books.Now += TimeSpan.FromMinutes(15);
        Pay();
        _books.Now += TimeSpan.FromSeconds(120) - TimeSpan.FromMicroseconds(1);
        AssertSuspended();
        _books.Now += TimeSpan.FromMicroseconds(1);
        Pay();
    }

    public static TheoryData<string, bool> Endings => new()
    {
        { "settled", true }, { "in doubt", true }, { "delivered", false }, { "delivered in doubt", false }, { "aborted", false }, { "restart", false }, { "sent", false }, { "reserved", false },
    };

    [Theory, MemberData(nameof(Endings))]
    public void What_was_paid_and_not_delivered_is_a_failure_and_nothing_else_is(string ending, bool isFailure)
    {
        Fail();
        Fail();
        End(Pay(), ending);
        Assert.Equal(isFailure ? ReserveRefusal.MerchantSuspended : null, _books.Reserve(Request())?.Reason);
    }

    [Fact]
    public void A_delivery_begins_the_count_again()
    {
        Fail();
        Fail();
        End(Pay(), "delivered");
        Fail();
        Fail();
        End(Pay(), "delivered in doubt");
        Fail();
        Fail();
        Pay();
    }

    [Fact]
    public void A_payment_fails_once_and_a_late_delivery_makes_it_good()
    {
        var first = Pay();
        _books.Send(first);
        _books.Doubt(first);
        _books.Doubt(first);
        _books.Settle(first, delivered: false);
        Fail();
        Pay();

        var third = Pay();
        _books.Doubt(third);
        AssertSuspended();
        _books.Doubt(third, delivered: true);
        Pay();
    }

    [Fact]
    public void A_settlement_that_is_told_later_is_no_second_delivery()
    {
        var delivered = Pay();
        _books.Doubt(delivered, delivered: true);
        FailThrice();
        _books.Settle(delivered, delivered: true);
        AssertSuspended();
    }

    [Fact]
    public void Other_sellers_and_other_policies_change_nothing()
    {
        FailThrice();
        Assert.Null(_books.Reserve(_books.Request("0.01", []).At("https://b.example", merchant: null).With(breaker: Guard with { Scope = new SpendScope("origin=b", f => f.Origin.Host.Value == "b.example") })));
        _books.Record(new LedgerEvent.PolicyActivated(Books.Policy, "{}", "[]", "edited"));
        AssertSuspended();
        Assert.Null(_books.Reserve(_books.Request("0.01", [])));
        _books.Abort(_books.LastReserved.Id);
        Assert.Equal(ReserveRefusal.MerchantSuspended, _books.Reserve(_books.Request("0.01", [], agent: "you").With(breaker: Guard with { Failures = 2 }))!.Reason);
        Assert.Null(_books.Reserve(_books.Request("0.01", []).With(breaker: Guard with { Failures = 4 })));
    }

    private ReserveRequest Request() => _books.Request("0.01", []).With(breaker: Guard);

    private PaymentId Pay()
    {
        Assert.Null(_books.Reserve(Request(), out var id));
        return id;
    }

    private void Fail() => End(Pay(), "in doubt");

    private void FailThrice()
    {
        Fail();
        Fail();
        Fail();
    }

    private void End(PaymentId id, string ending)
    {
        switch (ending)
        {
            case "reserved":
                break;
            case "aborted":
                _books.Abort(id);
                break;
            case "restart":
                _books.Record(new LedgerEvent.InDoubt(id, "restart", null, false));
                break;
            case "in doubt" or "delivered in doubt":
                _books.Doubt(id, delivered: ending != "in doubt");
                break;
            default:
                _books.Send(id);
                if (ending != "sent")
                {
                    _books.Settle(id, delivered: ending == "delivered");
                }

                break;
        }
    }

    private ReserveOutcome.Refused AssertSuspended()
    {
        var refused = _books.Reserve(Request());
        Assert.Equal((ReserveRefusal.MerchantSuspended, Guard.Rule), (refused?.Reason, refused?.Rule));
        return refused!;
    }
}
