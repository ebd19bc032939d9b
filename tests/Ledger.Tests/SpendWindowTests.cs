using SmartProxy.Protocol;

namespace SmartProxy.Ledger.Tests;

/// <summary>When a payment counts: at the seams of every kind of window.</summary>
public sealed class SpendWindowTests
{
    private static readonly DateTimeOffset BeforeMidnight = new(2026, 3, 2, 23, 59, 58, TimeSpan.Zero);

    [Fact]
    public void A_payment_at_the_limit_passes_and_one_unit_over_is_refused()
    {
        var books = new Books();
        var day = Books.Day("1.00");

        books.Pay("0.999999", day);
        Assert.Equal(ReserveRefusal.BudgetExceeded, books.Reserve(books.Request("0.000002", [day]))!.Reason);
        books.Pay("0.000001", day);
        Assert.Equal(ReserveRefusal.BudgetExceeded, books.Reserve(books.Request("0.000001", [day]))!.Reason);
    }

    [Fact]
    public void A_live_payment_still_counts_after_midnight_until_an_hour_past_its_validity()
    {
        var books = new Books { Now = BeforeMidnight };
        var day = Books.Day("1.00");
        books.Doubt(books.Pay("1.00", day));

        books.Now = BeforeMidnight.AddSeconds(60) + BudgetLedger.LiveMargin;
        Assert.Equal(ReserveRefusal.BudgetExceeded, books.Reserve(books.Request("0.01", [day]))!.Reason);
        Assert.Equal(Books.Usd("1.00"), books.Usage(day).Held);

        books.Now = books.Now.AddMicroseconds(1);
        Assert.Equal(default, books.Usage(day).Held);
        books.Pay("1.00", day);
    }

    [Fact]
    public void A_claimed_settlement_still_counts_after_midnight_while_it_could_be_charged_otherwise()
    {
        var books = new Books { Now = BeforeMidnight };
        var day = Books.Day("1.00");
        var id = books.Pay("1.00", day);
        books.Send(id);
        books.Settle(id);

        books.Now = BeforeMidnight.AddSeconds(4);
        Assert.Equal(Books.Usd("1.00"), books.Usage(day).Spent);
        Assert.Equal(ReserveRefusal.BudgetExceeded, books.Reserve(books.Request("0.01", [day]))!.Reason);
    }

    [Fact]
    public void A_payment_in_doubt_counts_for_good_in_the_day_it_was_reserved_in()
    {
        var books = new Books();
        var day = Books.Day("1.00");
        books.Doubt(books.Pay("1.00", day));

        books.Now = new DateTimeOffset(2026, 3, 2, 23, 59, 59, TimeSpan.Zero);
        Assert.Equal(Books.Usd("1.00"), books.Usage(day).Held);
    }

    [Fact]
    public void A_rolling_window_counts_until_its_length_after_the_validity()
    {
        var books = new Books();
        var hour = Books.Rolling("1.00", TimeSpan.FromHours(1));
        books.Doubt(books.Pay("1.00", hour));

        books.Now = Books.Start.AddSeconds(60).AddHours(1).AddMicroseconds(-1);
        Assert.Equal(default, books.Usage(hour).Remaining);
        books.Now = books.Now.AddMicroseconds(1);
        Assert.Equal(Books.Usd("1.00"), books.Usage(hour).Remaining);
    }

    [Fact]
    public void A_total_counts_for_ever()
    {
        var books = new Books();
        var total = Books.Total("1.00");
        books.Doubt(books.Pay("0.60", total));

        books.Now = Books.Start.AddYears(50);
        Assert.Equal(Books.Usd("0.40"), books.Usage(total).Remaining);
        Assert.Null(books.Reserve(books.Request("0.41", [total]))!.RetryAfter);
    }

    [Fact]
    public void Only_an_abort_returns_money()
    {
        var books = new Books();
        var day = Books.Day("1.00");
        var aborted = books.Pay("0.30", day);
        books.Abort(aborted);
        Assert.Equal(Books.Usd("1.00"), books.Usage(day).Remaining);

        var doubtful = books.Pay("0.30", day);
        books.Send(doubtful);
        books.Doubt(doubtful);
        Assert.Equal(Books.Usd("0.70"), books.Usage(day).Remaining);
    }

    [Fact]
    public void Usage_splits_what_is_spent_from_what_is_held()
    {
        var books = new Books();
        var day = Books.Day("5.00");
        books.Pay("0.10", day);
        var sent = books.Pay("0.20", day);
        books.Send(sent);
        var settled = books.Pay("0.40", day);
        books.Send(settled);
        books.Settle(settled);
        books.Doubt(books.Pay("0.80", day));

        var usage = books.Usage(day);
        Assert.Equal((Books.Usd("0.40"), Books.Usd("1.10"), Books.Usd("3.50")), (usage.Spent, usage.Held, usage.Remaining));
        Assert.Equal(new DateTimeOffset(2026, 3, 3, 0, 0, 0, TimeSpan.Zero), usage.ResetsAt);
    }

    // Clocks in Berlin went forward on 2026-03-29 (23 hours) and back on 2026-10-25 (25 hours).
    public static TheoryData<string, string> Days => new()
    {
        { "2026-03-29T10:00:00Z", "2026-03-29T22:00:00Z" },
        { "2026-10-25T10:00:00Z", "2026-10-25T23:00:00Z" },
        { "2026-10-24T21:59:00Z", "2026-10-24T22:00:00Z" },
    };

    [Theory, MemberData(nameof(Days))]
    public void A_day_ends_at_midnight_of_its_zone_also_when_clocks_change(string at, string end)
    {
        var books = new Books { Now = DateTimeOffset.Parse(at, null) };
        var day = Books.Day("1.00", zone: TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin"));
        books.Reserve(books.Request("1.00", [day], validSeconds: -7200)); // already dead by its validity

        Assert.Equal(DateTimeOffset.Parse(end, null), books.Usage(day).ResetsAt);
        books.Now = DateTimeOffset.Parse(end, null).AddMicroseconds(-1);
        Assert.Equal(default, books.Usage(day).Remaining);
        books.Now = DateTimeOffset.Parse(end, null);
        var live = DateTimeOffset.Parse(at, null) + BudgetLedger.LiveMargin >= books.Now;
        Assert.Equal(live ? default : Books.Usd("1.00"), books.Usage(day).Remaining);
    }

    [Fact]
    public void A_clock_set_back_reopens_nothing()
    {
        var books = new Books();
        var day = Books.Day("1.00");
        books.Pay("1.00", day);

        books.Now = Books.Start.AddDays(-1);
        Assert.Equal(ReserveRefusal.BudgetExceeded, books.Reserve(books.Request("0.01", [day]))!.Reason);
        Assert.Equal(Books.Start, books.Ledger.Tick(books.Now));
    }

    [Fact]
    public void The_wait_for_a_day_is_until_it_ends()
    {
        var books = new Books();
        var day = Books.Day("1.00");
        books.Pay("1.00", day);

        Assert.Equal(TimeSpan.FromHours(14), books.Reserve(books.Request("0.01", [day]))!.RetryAfter);
        Assert.Null(books.Reserve(books.Request("1.01", [day]))!.RetryAfter);
    }

    [Fact]
    public void The_wait_for_a_rolling_window_is_until_enough_of_it_has_passed()
    {
        var books = new Books();
        var minute = Books.Rolling("1.00", TimeSpan.FromMinutes(1));
        books.Pay("0.40", minute);
        books.Now = books.Now.AddSeconds(10);
        books.Pay("0.40", minute);

        Assert.Equal(TimeSpan.FromSeconds(110), books.Reserve(books.Request("0.50", [minute]))!.RetryAfter);
        Assert.Equal(TimeSpan.FromSeconds(120), books.Reserve(books.Request("1.00", [minute]))!.RetryAfter);
    }

    [Fact]
    public void Of_several_limits_without_room_the_first_is_named_and_the_slowest_waited_for()
    {
        var books = new Books();
        var (minute, day) = (Books.Rolling("1.00", TimeSpan.FromMinutes(1)), Books.Day("1.00"));
        books.Pay("1.00", minute, day);

        var refusal = books.Reserve(books.Request("0.01", [minute, day]))!;
        Assert.Equal(minute, refusal.Line!.Line);
        Assert.Equal(TimeSpan.FromHours(14), refusal.RetryAfter);
    }

    [Fact]
    public void A_lowered_limit_leaves_no_room_and_never_wraps()
    {
        var books = new Books();
        books.Pay("5.00", Books.Day("5.00"));

        Assert.Equal(default, books.Usage(Books.Day("1.00")).Remaining);
        Assert.Equal(ReserveRefusal.BudgetExceeded, books.Reserve(books.Request("0.01", [Books.Day("1.00")]))!.Reason);
    }

    [Fact]
    public void A_limit_that_appears_later_counts_what_was_spent_before()
    {
        var books = new Books();
        books.Pay("0.70", Books.Day("5.00"));
        books.Record(new LedgerEvent.PolicyActivated(Books.Policy, "{}", "[]", "a total was added"));

        Assert.Equal(Books.Usd("0.30"), books.Usage(Books.Total("1.00", Books.Everyone)).Remaining);
    }

    [Fact]
    public void A_scope_key_may_mean_another_set_after_a_policy_change()
    {
        var books = new Books();
        books.Pay("0.70", Books.Day("5.00"));
        Assert.Equal(Books.Usd("0.70"), books.Usage(Books.Total("1.00", new SpendScope("group=lab", f => f.Group == "lab"))).Held);

        books.Record(new LedgerEvent.PolicyActivated(Books.Policy, "{}", "[]", "lab means another team now"));
        Assert.Equal(default, books.Usage(Books.Total("1.00", new SpendScope("group=lab", f => f.Group == "other"))).Held);
    }

    [Fact]
    public void All_limits_are_claimed_or_none()
    {
        var books = new Books();
        var (mine, ours) = (Books.Day("5.00"), Books.Day("0.50", Books.Everyone));

        Assert.Equal(ours, books.Reserve(books.Request("1.00", [mine, ours]))!.Line!.Line);
        Assert.Equal(Books.Usd("5.00"), books.Usage(mine).Remaining);
    }

    [Fact]
    public void An_absurd_amount_is_refused_even_without_limits()
    {
        var books = new Books();
        var request = books.Request("1.00", []);
        request = request with { Facts = request.Facts with { Value = Usd.MaxValue } };

        Assert.Equal(ReserveRefusal.BudgetExceeded, books.Reserve(request)!.Reason);
    }
}
