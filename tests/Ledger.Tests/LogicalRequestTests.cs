using SmartProxy.Protocol;

namespace SmartProxy.Ledger.Tests;

/// <summary>One live authorization for each logical request; and a purchase that is meant can still be made.</summary>
public sealed class LogicalRequestTests
{
    private static readonly BudgetLine Room = Books.Total("1000.00");
    private readonly Books _books = new();

    [Fact]
    public void A_twin_of_a_payment_under_way_is_refused()
    {
        var first = Pay("page");
        AssertRefused(ReserveRefusal.PaymentInProgress, "page", first);
        _books.Send(first);
        AssertRefused(ReserveRefusal.PaymentInProgress, "page", first);
        Pay("another page");
    }

    [Fact]
    public void A_twin_of_a_lost_payment_is_refused_until_a_minute_past_its_validity()
    {
        var first = Pay("page");
        _books.Doubt(first);
        var refusal = AssertRefused(ReserveRefusal.PaymentInDoubt, "page", first);
        Assert.Equal(TimeSpan.FromSeconds(120), refusal.RetryAfter);

        _books.Now = Books.Start.AddSeconds(120).AddMicroseconds(-1);
        AssertRefused(ReserveRefusal.PaymentInDoubt, "page", first);
        _books.Now = Books.Start.AddSeconds(120);
        Pay("page");
    }

    [Fact]
    public void A_safe_request_may_be_bought_again_at_once()
    {
        Settle(Pay("page"));
        _books.Doubt(Pay("page"), delivered: true);
        Pay("page");
    }

    [Fact]
    public void An_unsafe_request_may_be_bought_again_after_thirty_seconds()
    {
        var first = Pay("order", safe: false);
        _books.Now = _books.Now.AddSeconds(5);
        Settle(first);
        Assert.Equal(TimeSpan.FromSeconds(30), AssertRefused(ReserveRefusal.DuplicatePayment, "order", first, safe: false).RetryAfter);

        _books.Now = _books.Now.AddSeconds(30).AddMicroseconds(-1);
        AssertRefused(ReserveRefusal.DuplicatePayment, "order", first, safe: false);
        _books.Now = _books.Now.AddMicroseconds(1);
        var second = Pay("order", safe: false);
        _books.Doubt(second, delivered: true);
        AssertRefused(ReserveRefusal.DuplicatePayment, "order", second, safe: false);
    }

    [Fact]
    public void An_aborted_payment_is_in_nobodys_way()
    {
        _books.Abort(Pay("order", safe: false));
        Pay("order", safe: false);
        _books.Abort(Pay("k", key: true));
        Pay("k", key: true);
    }

    [Fact]
    public void An_idempotency_key_belongs_to_one_request_and_pays_once()
    {
        var first = Pay("k", key: true);
        Assert.Equal(ReserveRefusal.IdempotencyKeyReuse, _books.Reserve(Request("k", key: true, request: "another"))!.Reason);
        AssertRefused(ReserveRefusal.PaymentInProgress, "k", first, key: true);
        Settle(first);
        AssertRefused(ReserveRefusal.DuplicatePayment, "k", first, key: true);
        Assert.Equal(ReserveRefusal.IdempotencyKeyReuse, _books.Reserve(Request("k", key: true, request: "another"))!.Reason);

        _books.Now = Books.Start.AddHours(24).AddMicroseconds(-1);
        AssertRefused(ReserveRefusal.DuplicatePayment, "k", first, key: true);
        _books.Now = Books.Start.AddHours(24);
        Pay("k", key: true);
    }

    [Fact]
    public void A_key_is_kept_while_its_payment_is_not_final()
    {
        var first = Pay("k", key: true);
        _books.Doubt(first, delivered: true);
        _books.Now = Books.Start.AddYears(1);
        AssertRefused(ReserveRefusal.PaymentInDoubt, "k", first, key: true);
    }

    [Fact]
    public void Two_agents_with_one_key_do_not_meet()
    {
        Pay("k", key: true);
        Assert.Null(_books.Reserve(_books.Request("0.01", [], logical: "k", key: true, agent: "you")));
    }

    [Fact]
    public void A_flood_of_requests_drops_no_unfinished_one()
    {
        var first = Pay("k", key: true);
        for (var i = 0; i < 5000; i++)
        {
            Settle(Pay("flood" + i));
        }

        AssertRefused(ReserveRefusal.PaymentInProgress, "k", first, key: true);
    }

    private ReserveRequest Request(string logical, bool safe = true, bool key = false, string request = "a request") =>
        _books.Request("0.01", [Room], logical, key, safe, request: request);

    private PaymentId Pay(string logical, bool safe = true, bool key = false)
    {
        Assert.Null(_books.Reserve(Request(logical, safe, key), out var id));
        return id;
    }

    private void Settle(PaymentId id)
    {
        _books.Send(id);
        _books.Settle(id);
    }

    private ReserveOutcome.Refused AssertRefused(ReserveRefusal reason, string logical, PaymentId earlier, bool safe = true, bool key = false)
    {
        var refusal = _books.Reserve(Request(logical, safe, key));
        Assert.Equal((reason, earlier), (refusal?.Reason, refusal?.Earlier));
        return refusal!;
    }
}
