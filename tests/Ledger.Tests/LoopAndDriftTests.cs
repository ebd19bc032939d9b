using SmartProxy.Protocol;

namespace SmartProxy.Ledger.Tests;

/// <summary>The same request too often, and a price that jumps.</summary>
public sealed class LoopAndDriftTests
{
    private static readonly LoopGuard Thrice = new("policies.research.loop", 3, TimeSpan.FromMinutes(1));
    private readonly Books _books = new();

    [Fact]
    public void The_same_request_may_be_paid_so_often_in_a_time_to_the_microsecond()
    {
        PayFor("page");
        _books.Now += TimeSpan.FromSeconds(10);
        PayFor("page");
        PayFor("page");
        var refused = _books.Reserve(Looping("page"))!;
        Assert.Equal((ReserveRefusal.RequestLoop, Thrice.Rule, TimeSpan.FromSeconds(50)), (refused.Reason, refused.Rule, refused.RetryAfter));

        _books.Now += TimeSpan.FromSeconds(50) - TimeSpan.FromMicroseconds(1);
        Assert.Equal(ReserveRefusal.RequestLoop, _books.Reserve(Looping("page"))!.Reason);
        _books.Now += TimeSpan.FromMicroseconds(1);
        PayFor("page");
        Assert.Equal(TimeSpan.FromSeconds(10), _books.Reserve(Looping("page"))!.RetryAfter);
    }

    [Fact]
    public void Another_agent_another_request_and_what_was_called_off_do_not_count()
    {
        for (var i = 0; i < 3; i++)
        {
            PayFor("another");
            Assert.Null(_books.Reserve(_books.Request("0.01", [], request: "page", agent: "you")));
            PayFor("page");
            _books.Abort(_books.LastReserved.Id);
        }

        PayFor("page");
        PayFor("page");
        PayFor("page");
        Assert.Equal(ReserveRefusal.RequestLoop, _books.Reserve(Looping("page"))!.Reason);
    }

    [Fact]
    public void What_was_paid_before_there_was_a_guard_counts()
    {
        for (var i = 0; i < 3; i++)
        {
            Assert.Null(_books.Reserve(_books.Request("0.01", [], request: "page")));
        }

        _books.Record(new LedgerEvent.PolicyActivated(Books.Policy, "{}", "[]", "a loop guard"));
        Assert.Equal(ReserveRefusal.RequestLoop, _books.Reserve(Looping("page"))!.Reason);
    }

    [Fact]
    public void A_flood_of_other_requests_makes_nobody_forget_within_a_day()
    {
        var guard = Thrice with { Within = RequestLoops.Memory };
        for (var i = 0; i < 3; i++)
        {
            PayFor("page");
        }

        _books.Now += RequestLoops.Memory - TimeSpan.FromSeconds(1);
        for (var i = 0; i < 9000; i++)
        {
            Assert.Null(_books.Reserve(_books.Request("0.01", [], request: "flood" + i)));
        }

        Assert.Equal(ReserveRefusal.RequestLoop, _books.Reserve(_books.Request("0.01", [], request: "page").With(loop: guard))!.Reason);
        _books.Now += TimeSpan.FromSeconds(1);
        Assert.Null(_books.Reserve(_books.Request("0.01", [], request: "page").With(loop: guard)));
    }

    public static TheoryData<string, string, int, bool> Prices => new()
    {
        { "0.10", "0.15", 50, true }, { "0.10", "0.150001", 50, false }, { "0.10", "0.10", 0, true }, { "0.10", "0.100001", 0, false }, { "0.10", "0.000001", 0, true },
        { "0.000001", "0.000001", 50, true }, { "0.000001", "0.000002", 50, false }, { "0.000003", "0.000004", 50, true }, { "0.000003", "0.000005", 50, false },
        { "0.000001", "0.000101", 10_000, true }, { "0.000001", "0.000102", 10_000, false }, { "999999999999.00", "100999999999899.00", 10_000, true },
    };

    [Theory, MemberData(nameof(Prices))]
    public void A_price_may_exceed_the_last_one_by_so_many_per_cent_exactly(string last, string price, int percent, bool passes)
    {
        Assert.Equal(!passes, LastPrices.IsDearer(Micros(price), Micros(last), percent));

        static Usd Micros(string text) => new(UInt128.Parse(text.Replace(".", "", StringComparison.Ordinal), System.Globalization.CultureInfo.InvariantCulture)
            * (UInt128)Math.Pow(10, 6 - (text.Length - text.IndexOf('.', StringComparison.Ordinal) - 1)));
    }

    [Fact]
    public void No_price_overflows()
    {
        var last = new Usd(BudgetLedger.ValueCeiling.Micros - 1);
        Assert.True(LastPrices.IsDearer(Usd.MaxValue, last, 10_000));
        Assert.False(LastPrices.IsDearer(new Usd(last.Micros * 101), last, 10_000));
        Assert.True(LastPrices.IsDearer(new Usd((last.Micros * 101) + 1), last, 10_000));
        Assert.True(LastPrices.IsDearer(new Usd(1), Usd.Zero, 10_000));
    }

    [Fact]
    public void The_last_price_is_that_of_the_same_endpoint_by_anyone_and_was_not_called_off()
    {
        Pay("0.10");
        Assert.Null(_books.Reserve(_books.Request("0.20", []).At(path: "/other").With(drift: Drift)));
        Assert.Null(_books.Reserve(_books.Request("0.20", []).At(method: "POST").With(drift: Drift)));
        Assert.Null(_books.Reserve(_books.Request("0.20", []).At("https://b.example").With(drift: Drift)));

        var refused = _books.Reserve(_books.Request("0.16", [], agent: "you").At().With(drift: Drift))!;
        Assert.Equal((ReserveRefusal.PriceDrift, Books.Usd("0.10"), Drift.Rule), (refused.Reason, refused.LastPrice, refused.Rule));
        Assert.Null(_books.Reserve(_books.Request("0.15", [], agent: "you").At().With(drift: Drift)));

        _books.Abort(_books.LastReserved.Id);
        Assert.Equal(Books.Usd("0.10"), _books.Reserve(_books.Request("0.16", []).At().With(drift: Drift))!.LastPrice);
    }

    [Fact]
    public void Payments_called_off_in_any_order_leave_the_last_one_that_was_not()
    {
        Pay("0.10");
        var (second, third, fourth) = (Pay("0.12"), Pay("0.14"), Pay("0.16"));
        _books.Abort(third);
        _books.Abort(fourth);
        Assert.Equal(Books.Usd("0.12"), Refused("0.20").LastPrice);
        _books.Abort(second);
        Assert.Equal(Books.Usd("0.10"), Refused("0.20").LastPrice);
        _books.Doubt(Pay("0.13"));
        Assert.Equal(Books.Usd("0.13"), Refused("0.20").LastPrice);
    }

    private static PriceDriftGuard Drift => new("merchants.exa.priceDrift", 50);

    private PaymentId Pay(string price)
    {
        Assert.Null(_books.Reserve(_books.Request(price, []).At(), out var id));
        return id;
    }

    private ReserveOutcome.Refused Refused(string price) => _books.Reserve(_books.Request(price, []).At().With(drift: Drift))!;

    private ReserveRequest Looping(string request) => _books.Request("0.01", [], request: request).With(loop: Thrice);

    private void PayFor(string request) => Assert.Null(_books.Reserve(Looping(request)));
}
