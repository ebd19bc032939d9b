using SmartProxy.Protocol;

namespace SmartProxy.Ledger.Tests;

/// <summary>Limits on numbers: of payments, of payments at once, of recipients; and the long windows.</summary>
public sealed class CountTests
{
    private readonly Books _books = new();

    [Fact]
    public void So_many_payments_in_a_rolling_minute_each_for_a_minute_from_its_reservation()
    {
        var two = Books.Count(2, new SpendWindow.Rolling(TimeSpan.FromMinutes(1)));
        _books.Pay("9.00", two);
        _books.Now += TimeSpan.FromSeconds(20);
        _books.Pay("0.01", two);

        var refused = _books.Reserve(_books.Request("0.01", [two]))!;
        Assert.Equal((ReserveRefusal.CountExceeded, two, TimeSpan.FromSeconds(40)), (refused.Reason, refused.Line!.Line, refused.RetryAfter));
        Assert.Equal(("0", "2", "0"), (refused.Line.Spent.ToString(), refused.Line.Held.ToString(), refused.Line.Remaining.ToString()));

        _books.Now += TimeSpan.FromSeconds(40) - TimeSpan.FromMicroseconds(1);
        Assert.NotNull(_books.Reserve(_books.Request("0.01", [two])));
        _books.Now += TimeSpan.FromMicroseconds(1);
        _books.Pay("0.01", two);
    }

    [Fact]
    public void So_many_payments_in_a_day_and_what_was_called_off_is_none()
    {
        var two = Books.Count(2, new SpendWindow.Calendar(CalendarPeriod.Day, TimeZoneInfo.Utc));
        _books.Abort(_books.Pay("0.01", two));
        var settled = _books.Pay("0.01", two);
        _books.Send(settled);
        _books.Settle(settled);
        _books.Doubt(_books.Pay("0.01", two));
        Assert.Equal(("1", "1"), (_books.Usage(two).Spent.ToString(), _books.Usage(two).Held.ToString()));

        var midnight = new DateTimeOffset(2026, 3, 3, 0, 0, 0, TimeSpan.Zero);
        Assert.Equal(midnight - _books.Now, _books.Reserve(_books.Request("0.01", [two]))!.RetryAfter);
        _books.Now = midnight.AddMicroseconds(-1);
        Assert.Equal(ReserveRefusal.CountExceeded, _books.Reserve(_books.Request("0.01", [two]))!.Reason);
        _books.Now = midnight;
        _books.Pay("0.01", two);
    }

    [Theory]
    [InlineData("aborted")]
    [InlineData("in doubt")]
    [InlineData("settled")]
    public void A_payment_is_under_way_until_its_answer_is_booked_whatever_that_says(string ending)
    {
        var two = Books.Count(2, new SpendWindow.UnderWay());
        var first = _books.Pay("0.01", two);
        _books.Pay("0.01", two);
        var refused = _books.Reserve(_books.Request("0.01", [two]))!;
        Assert.Equal((ReserveRefusal.CountExceeded, null), (refused.Reason, refused.RetryAfter));

        _books.Now += TimeSpan.FromDays(400);
        Assert.Equal(ReserveRefusal.CountExceeded, _books.Reserve(_books.Request("0.01", [two]))!.Reason);
        if (ending == "settled")
        {
            _books.Send(first);
            Assert.Equal(ReserveRefusal.CountExceeded, _books.Reserve(_books.Request("0.01", [two]))!.Reason);
            _books.Settle(first);
        }
        else if (ending == "aborted")
        {
            _books.Abort(first);
        }
        else
        {
            _books.Doubt(first);
            _books.Doubt(first, delivered: true);
            _books.Settle(first);
        }

        Assert.Equal("1", _books.Usage(two).Held.ToString());
        _books.Pay("0.01", two);
        Assert.Equal(ReserveRefusal.CountExceeded, _books.Reserve(_books.Request("0.01", [two]))!.Reason);
    }

    [Fact]
    public void A_recipient_counts_once_and_needs_no_room_again()
    {
        var two = Books.Recipients(2);
        PayTo(1, two);
        PayTo(1, two);
        PayTo(2, two);
        var refused = _books.Reserve(To(3, two))!;
        Assert.Equal((ReserveRefusal.CountExceeded, null), (refused.Reason, refused.RetryAfter));
        PayTo(1, two);
        PayTo(2, two);
        PayTo(1, two with { Limit = new Quantity(SpendMeasure.Recipients, 1) });
    }

    [Fact]
    public void A_recipient_is_spent_when_any_payment_to_it_settled_and_gone_with_the_last()
    {
        var line = Books.Recipients(3, new SpendWindow.Rolling(TimeSpan.FromHours(1)));
        var first = PayTo(1, line);
        var second = PayTo(1, line);
        Assert.Equal(("0", "1"), (_books.Usage(line).Spent.ToString(), _books.Usage(line).Held.ToString()));
        _books.Send(second);
        _books.Settle(second);
        Assert.Equal(("1", "0"), (_books.Usage(line).Spent.ToString(), _books.Usage(line).Held.ToString()));
        _books.Abort(first);
        Assert.Equal(("1", "0"), (_books.Usage(line).Spent.ToString(), _books.Usage(line).Held.ToString()));

        _books.Now += TimeSpan.FromMinutes(30);
        PayTo(1, line);
        PayTo(2, line);
        PayTo(3, line);
        Assert.Equal(TimeSpan.FromHours(1), _books.Reserve(To(4, line))!.RetryAfter);
        _books.Now += TimeSpan.FromMinutes(30);
        Assert.Equal(("0", "3"), (_books.Usage(line).Spent.ToString(), _books.Usage(line).Held.ToString()));
        _books.Now += TimeSpan.FromMinutes(30);
        Assert.Equal(default, _books.Usage(line).Held.Units);
    }

    // Berlin: summer time from 2026-03-29 to 2026-10-25; 2028 is a leap year.
    public static TheoryData<CalendarPeriod, string, string> Seams => new()
    {
        { CalendarPeriod.Quarter, "2026-03-30T10:00:00Z", "2026-03-31T22:00:00Z" },
        { CalendarPeriod.Quarter, "2027-01-01T10:00:00Z", "2027-03-31T22:00:00Z" },
        { CalendarPeriod.Quarter, "2026-11-01T10:00:00Z", "2026-12-31T23:00:00Z" },
        { CalendarPeriod.Quarter, "2028-02-29T10:00:00Z", "2028-03-31T22:00:00Z" },
        { CalendarPeriod.Year, "2028-02-29T10:00:00Z", "2028-12-31T23:00:00Z" },
        { CalendarPeriod.Year, "2026-06-30T10:00:00Z", "2026-12-31T23:00:00Z" },
        { CalendarPeriod.Month, "2028-02-01T10:00:00Z", "2028-02-29T23:00:00Z" },
        { CalendarPeriod.Month, "2027-02-01T10:00:00Z", "2027-02-28T23:00:00Z" },
    };

    [Theory, MemberData(nameof(Seams))]
    public void Long_periods_end_at_midnight_of_their_zone_for_money_and_for_counts(CalendarPeriod period, string at, string end)
    {
        var window = new SpendWindow.Calendar(period, TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin"));
        var (money, count) = (Books.Total("1.00") with { Window = window }, Books.Count(1, window));
        _books.Now = DateTimeOffset.Parse(at, null);
        _books.Pay("1.00", money, count);
        Assert.Equal(DateTimeOffset.Parse(end, null), _books.Usage(money).ResetsAt);

        _books.Now = DateTimeOffset.Parse(end, null).AddMicroseconds(-1);
        Assert.Equal(ReserveRefusal.BudgetExceeded, _books.Reserve(_books.Request("0.01", [money]))!.Reason);
        Assert.Equal(ReserveRefusal.CountExceeded, _books.Reserve(_books.Request("0.01", [count]))!.Reason);
        _books.Now = DateTimeOffset.Parse(end, null);
        _books.Pay("1.00", money, count);
    }

    [Theory]
    [InlineData(CalendarPeriod.Day)]
    [InlineData(CalendarPeriod.Quarter)]
    [InlineData(CalendarPeriod.Year)]
    public void What_is_live_over_the_end_of_a_period_is_never_twice_its_limit(CalendarPeriod period)
    {
        var line = Books.Total("1.00") with { Window = new SpendWindow.Calendar(period, TimeZoneInfo.Utc) };
        _books.Now = new DateTimeOffset(2026, 12, 31, 23, 59, 59, TimeSpan.Zero);
        _books.Pay("0.60", line);
        _books.Now += TimeSpan.FromSeconds(2);
        _books.Pay("0.40", line);
        Assert.Equal(ReserveRefusal.BudgetExceeded, _books.Reserve(_books.Request("0.01", [line]))!.Reason);
        _books.Now += TimeSpan.FromHours(1) + TimeSpan.FromSeconds(59);
        _books.Pay("0.60", line);
        Assert.Equal(ReserveRefusal.BudgetExceeded, _books.Reserve(_books.Request("0.01", [line]))!.Reason);
    }

    [Fact]
    public void Money_payments_and_recipients_of_one_scope_and_window_are_three_sums()
    {
        var day = new SpendWindow.Calendar(CalendarPeriod.Day, TimeZoneInfo.Utc);
        var (money, count, recipients) = (Books.Day("5.00"), Books.Count(5, day), Books.Recipients(5, day));
        _books.Pay("2.00", money, count, recipients);
        _books.Pay("1.00", money, count, recipients);
        Assert.Equal(("3.00", "2", "1"), (_books.Usage(money).Held.ToString(), _books.Usage(count).Held.ToString(), _books.Usage(recipients).Held.ToString()));
        Assert.Equal(["2.00 5.00", "1 5", "1 5"], _books.LastReserved.Lines.Select(line => $"{line.Held} {line.Limit}"));
    }

    [Fact]
    public void Sums_that_an_edit_forgot_come_out_the_same_for_every_window()
    {
        var zone = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");
        SpendWindow[] windows =
        [
            new SpendWindow.Total(), new SpendWindow.UnderWay(), new SpendWindow.Rolling(TimeSpan.FromMinutes(1)), new SpendWindow.Rolling(TimeSpan.FromDays(30)),
            .. Enum.GetValues<CalendarPeriod>().Select(period => new SpendWindow.Calendar(period, zone)),
        ];
        BudgetLine[] lines = [.. windows.SelectMany(window => new[] { Books.Total("1000.00") with { Window = window }, Books.Count(1000, window), Books.Recipients(1000, window) })];
        for (var i = 0; i < 200; i++)
        {
            var request = To(i % 7, lines);
            Assert.Null(_books.Reserve(request with { Terms = request.Terms with { ValidBefore = _books.Now.AddSeconds(i % 3 == 0 ? 86_400 : 60).ToUnixTimeSeconds() } }));
            _books.Now += TimeSpan.FromHours(i % 11) + TimeSpan.FromSeconds(17);
        }

        var before = lines.Select(_books.Usage).ToArray();
        _books.Record(new LedgerEvent.PolicyActivated(Books.Policy, "{}", "[]", "the same again"));
        Assert.Equal(before, lines.Select(_books.Usage));
    }

    private ReserveRequest To(int recipient, params BudgetLine[] lines) => _books.Request("0.01", lines, payTo: Books.Address(recipient).ToString());

    private PaymentId PayTo(int recipient, params BudgetLine[] lines)
    {
        Assert.Null(_books.Reserve(To(recipient, lines), out var id));
        return id;
    }
}
