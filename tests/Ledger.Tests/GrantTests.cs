using SmartProxy.Protocol;

namespace SmartProxy.Ledger.Tests;

/// <summary>Room beyond the limits: so much, for one owner, for a time.</summary>
public sealed class GrantTests
{
    private static readonly BudgetOwner Me = BudgetOwner.Agent(Books.Me);
    private readonly Books _books = new();

    [Fact]
    public void A_grant_is_used_for_what_a_limit_has_no_room_for_and_not_beyond_its_amount()
    {
        var day = Of(Me, Books.Day("1.00"));
        var grant = _books.Grant("0.50");
        _books.Pay("0.90", day);
        Assert.Equal(Usd.Zero, Used(grant));
        _books.Pay("0.40", day);
        Assert.Equal([new GrantUse(grant, Books.Usd("0.30"))], _books.LastReserved.Grants);
        Assert.Equal(ReserveRefusal.BudgetExceeded, _books.Reserve(_books.Request("0.200001", [day]))!.Reason);
        _books.Pay("0.20", day);
        Assert.Equal((Books.Usd("0.50"), Usd.Zero), (Used(grant), _books.GrantOf(grant).Left));
        Assert.Equal(ReserveRefusal.BudgetExceeded, _books.Reserve(_books.Request("0.000001", [day]))!.Reason);
    }

    [Fact]
    public void A_payment_uses_a_grant_once_by_the_most_that_it_exceeds_any_limit_of_the_owner()
    {
        var grant = _books.Grant("1.00");
        BudgetLine[] lines = [Of(Me, Books.Day("1.00")), Of(Me, Books.Total("0.80")), Of(Me, Books.Rolling("0.90", TimeSpan.FromHours(1)))];
        _books.Pay("1.10", lines);
        Assert.Equal([new GrantUse(grant, Books.Usd("0.30"))], _books.LastReserved.Grants);
        _books.Pay("0.10", lines);
        Assert.Equal(Books.Usd("0.40"), Used(grant));
    }

    [Fact]
    public void Each_owner_of_an_exceeded_limit_needs_a_grant_of_its_own()
    {
        var lab = BudgetOwner.Group("lab");
        BudgetLine[] lines = [Of(Me, Books.Day("0.50")), Of(lab, Books.Day("0.60", Books.Everyone)), Of(BudgetOwner.Organization, Books.Total("9.00", Books.Everyone))];
        var mine = _books.Grant("1.00");
        var refused = _books.Reserve(_books.Request("0.80", lines))!;
        Assert.Equal(lines[1], refused.Line!.Line);
        Assert.Equal(Usd.Zero, Used(mine));

        var ours = _books.Grant("1.00", lab);
        _books.Pay("0.80", lines);
        Assert.Equal((Books.Usd("0.30"), Books.Usd("0.20")), (Used(mine), Used(ours)));
    }

    public static TheoryData<string, string?, bool> Others => new()
    {
        { "agent:you", null, false }, { "group:me", null, false }, { "organization", null, false }, { "merchant:exa", null, false },
        { "agent:me", "papers", false }, { "agent:me", "exa", true }, { "agent:me", null, true },
    };

    [Theory, MemberData(nameof(Others))]
    public void A_grant_lifts_the_limits_of_its_owner_for_its_merchant_and_no_others(string owner, string? merchant, bool lifts)
    {
        Assert.True(BudgetOwner.TryParse(owner, out var parsed));
        _books.Grant("1.00", parsed, merchant);
        Assert.Equal(lifts ? null : ReserveRefusal.BudgetExceeded, _books.Reserve(_books.Request("0.60", [Of(Me, Books.Day("0.50"))]))?.Reason);
    }

    [Fact]
    public void The_grant_that_ends_first_goes_first_and_several_may_be_used_together()
    {
        var day = Of(Me, Books.Day("1.00"));
        var later = _books.Grant("1.00", lasts: TimeSpan.FromHours(2));
        var sooner = _books.Grant("0.30", lasts: TimeSpan.FromHours(1));
        var last = _books.Grant("1.00", lasts: TimeSpan.FromHours(3));
        _books.Pay("1.50", day);
        Assert.Equal([new GrantUse(sooner, Books.Usd("0.30")), new GrantUse(later, Books.Usd("0.20"))], _books.LastReserved.Grants);
        _books.Pay("1.00", day);
        Assert.Equal((Books.Usd("1.00"), Books.Usd("0.20")), (Used(later), Used(last)));
    }

    [Fact]
    public void Counts_are_never_lifted()
    {
        _books.Grant("100.00");
        var (count, recipients) = (Books.Count(1, new SpendWindow.Total()), Books.Recipients(1));
        _books.Pay("0.01", count, recipients);
        Assert.Equal(ReserveRefusal.CountExceeded, _books.Reserve(_books.Request("0.01", [count]))!.Reason);
        Assert.Equal(ReserveRefusal.CountExceeded, _books.Reserve(_books.Request("0.01", [recipients], payTo: Books.Address(2).ToString()))!.Reason);
    }

    [Fact]
    public void A_grant_ends_to_the_microsecond_or_when_it_is_revoked()
    {
        var day = Of(Me, Books.Day("0.10"));
        var grant = _books.Grant("1.00", lasts: TimeSpan.FromMinutes(5));
        _books.Now += TimeSpan.FromMinutes(5) - TimeSpan.FromMicroseconds(1);
        _books.Pay("0.20", day);
        _books.Now += TimeSpan.FromMicroseconds(1);
        Assert.Equal(ReserveRefusal.BudgetExceeded, _books.Reserve(_books.Request("0.01", [day]))!.Reason);
        Assert.Equal((true, Usd.Zero), (_books.GrantOf(grant).IsExpired, _books.GrantOf(grant).Left));

        var second = _books.Grant("1.00");
        _books.Pay("0.20", day);
        _books.Record(new LedgerEvent.GrantRevoked(second, "operator", "over"));
        Assert.Equal(ReserveRefusal.BudgetExceeded, _books.Reserve(_books.Request("0.01", [day]))!.Reason);
        Assert.Equal((true, Books.Usd("0.20")), (_books.GrantOf(second).IsRevoked, Used(second)));
    }

    [Fact]
    public void Only_a_payment_that_was_called_off_gives_back_what_it_used()
    {
        var total = Of(Me, Books.Total("0.10"));
        var grant = _books.Grant("1.00");
        _books.Abort(_books.Pay("0.40", total));
        Assert.Equal(Usd.Zero, Used(grant));
        _books.Doubt(_books.Pay("0.40", total));
        var settled = _books.Pay("0.40", total);
        _books.Send(settled);
        _books.Settle(settled);
        Assert.Equal(Books.Usd("0.70"), Used(grant));

        var last = _books.Pay("0.30", total);
        _books.Record(new LedgerEvent.GrantRevoked(grant, "operator", "over"));
        _books.Abort(last);
        Assert.Equal((Books.Usd("0.70"), Usd.Zero), (Used(grant), _books.GrantOf(grant).Left));
    }

    [Fact]
    public void A_limit_that_was_lowered_below_what_is_spent_is_exceeded_by_the_grant_alone()
    {
        _books.Pay("5.00", Of(Me, Books.Day("5.00")));
        _books.Grant("1.00");
        var lowered = Of(Me, Books.Day("1.00"));
        _books.Pay("0.60", lowered);
        Assert.Equal(ReserveRefusal.BudgetExceeded, _books.Reserve(_books.Request("0.41", [lowered]))!.Reason);
        _books.Pay("0.40", lowered);
    }

    [Fact]
    public void The_wait_takes_in_what_grants_add_while_they_last()
    {
        var hour = Of(Me, Books.Rolling("1.00", TimeSpan.FromHours(1)));
        _books.Pay("0.60", hour);
        _books.Now += TimeSpan.FromMinutes(10);
        _books.Pay("0.40", hour);
        Assert.Equal(TimeSpan.FromMinutes(61), _books.Reserve(_books.Request("0.90", [hour]))!.RetryAfter);
        var grant = _books.Grant("0.40", lasts: TimeSpan.FromHours(1));
        Assert.Equal(TimeSpan.FromMinutes(51), _books.Reserve(_books.Request("0.90", [hour]))!.RetryAfter);
        _books.Record(new LedgerEvent.GrantRevoked(grant, "operator", "over"));
        _books.Grant("0.40", lasts: TimeSpan.FromMinutes(51));
        Assert.Equal(TimeSpan.FromMinutes(61), _books.Reserve(_books.Request("0.90", [hour]))!.RetryAfter);
    }

    [Fact]
    public void What_makes_no_sense_is_not_recorded()
    {
        var id = _books.Grant("1.00");
        var good = new LedgerEvent.Granted(_books.NewId(), Me, null, Books.Usd("1.00"), _books.Now.AddHours(1), "operator", "why");
        Assert.Null(Objection(good));
        Assert.Contains("already", Objection(good with { Grant = id }), StringComparison.Ordinal);
        Assert.Contains("no amount", Objection(good with { Amount = Usd.Zero }), StringComparison.Ordinal);
        Assert.Contains("no amount", Objection(good with { Amount = Usd.MaxValue }), StringComparison.Ordinal);
        Assert.Contains("never given", Objection(new LedgerEvent.GrantRevoked(_books.NewId(), "operator", "why")), StringComparison.Ordinal);
        _books.Record(new LedgerEvent.GrantRevoked(id, "operator", "why"));
        Assert.Contains("before", Objection(new LedgerEvent.GrantRevoked(id, "operator", "why")), StringComparison.Ordinal);
    }

    [Fact]
    public void There_is_an_end_to_grants_in_force()
    {
        for (var i = 0; i < GrantBook.MaxLive; i++)
        {
            _books.Grant("0.01", lasts: TimeSpan.FromSeconds(10));
        }

        var one = new LedgerEvent.Granted(_books.NewId(), Me, null, Books.Usd("1.00"), _books.Now.AddHours(1), "operator", "why");
        Assert.Contains("revoke some", Objection(one), StringComparison.Ordinal);
        _books.Now += TimeSpan.FromSeconds(10);
        Assert.Null(Objection(one));
    }

    [Fact]
    public void A_line_that_uses_more_than_there_is_breaks_the_books()
    {
        var day = Of(Me, Books.Day("0.10"));
        var grant = _books.Grant("1.00");
        var entry = _books.Ledger.Decide(_books.Request("0.60", [day]), _books.Now, default).Entry!;
        Assert.Null(_books.Ledger.Objection(entry, _books.Now));
        Assert.Contains("less is left", Objection(new GrantUse(grant, Books.Usd("1.000001"))), StringComparison.Ordinal);
        Assert.Contains("not in force", Objection(new GrantUse(_books.NewId(), Books.Usd("0.01"))), StringComparison.Ordinal);
        Assert.Contains("twice", Objection(new GrantUse(grant, Books.Usd("0.60")), new GrantUse(grant, Books.Usd("0.60"))), StringComparison.Ordinal);
        _books.Record(new LedgerEvent.GrantRevoked(grant, "operator", "why"));
        Assert.Contains("not in force", Objection(new GrantUse(grant, Books.Usd("0.01"))), StringComparison.Ordinal);

        string? Objection(params GrantUse[] uses) => _books.Ledger.Objection(entry with { Grants = uses }, _books.Now);
    }

    private Usd Used(PaymentId grant) => _books.GrantOf(grant).Used;

    private string? Objection(LedgerEvent happened) => _books.Ledger.Objection(new JournalEntry.Recorded(happened), _books.Now);

    private static BudgetLine Of(BudgetOwner owner, BudgetLine line) => line with { Owner = owner };
}
