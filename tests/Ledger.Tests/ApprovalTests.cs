using SmartProxy.Protocol;

namespace SmartProxy.Ledger.Tests;

/// <summary>A person agrees to one exact payment, once.</summary>
public sealed class ApprovalTests
{
    private static readonly BudgetLine Room = Books.Total("10.00");
    private static readonly EvmAddress Other = EvmAddress.Parse("0x3333333333333333333333333333333333333333");
    private readonly Books _books = new();

    [Fact]
    public void Nothing_is_paid_before_a_person_agrees_and_then_once()
    {
        var request = Above();
        var refused = _books.Reserve(request)!;
        var question = refused.Approval!;
        Assert.Equal((ReserveRefusal.ApprovalPending, true), (refused.Reason, refused.MayAsk));
        Assert.Equal((Books.Me, ApprovalCauses.AmountAbove, "policies.research.approval", null), (question.Agent, question.Causes, question.Rule, question.Open));
        Assert.Equal((TimeSpan.FromSeconds(30), TimeSpan.FromHours(1)), (question.Hold, question.ValidFor));
        Assert.Equal(default, _books.Usage(Room).Held.Units);

        var id = _books.Ask(refused, request);
        var waiting = _books.Reserve(request.Again(_books))!;
        Assert.Equal((ReserveRefusal.ApprovalPending, id, false), (waiting.Reason, waiting.Approval!.Open, waiting.MayAsk));

        _books.Answer(id, approved: true);
        Assert.Null(_books.Reserve(request.Again(_books)));
        Assert.Equal(id, _books.LastReserved.Approval);
        Assert.Equal(ApprovalState.Used, _books.ApprovalOf(id).State);
        Assert.Equal((ReserveRefusal.ApprovalPending, null, true), Pending(_books.Reserve(request.Again(_books))!));
    }

    public static TheoryData<string> BoundFields => ["agent", "origin", "payTo", "network", "asset", "amount", "request"];

    [Theory, MemberData(nameof(BoundFields))]
    public void An_agreement_is_good_for_nothing_else(string field)
    {
        var request = Above();
        _books.Answer(_books.Ask(_books.Reserve(request)!, request), approved: true);

        var other = Change(request, field).Again(_books);
        Assert.Equal((ReserveRefusal.ApprovalPending, null, true), Pending(_books.Reserve(other)!));
        Assert.Null(_books.Reserve(request.Again(_books)));

        var paid = _books.LastReserved;
        var fresh = other.Again(_books);
        var id = _books.Ask(_books.Reserve(fresh)!, fresh);
        _books.Answer(id, approved: true);
        var forged = _books.Ledger.Decide(fresh, _books.Now, default).Entry! with { Approval = paid.Approval };
        Assert.Contains("used before", _books.Ledger.Objection(forged, _books.Now), StringComparison.Ordinal);
        var mixed = _books.Ledger.Decide(fresh, _books.Now, default).Entry! with { RequestDigest = Books.Digest("mixed") };
        Assert.Contains("another payment", _books.Ledger.Objection(mixed, _books.Now), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_bound_may_differ()
    {
        var request = Above();
        _books.Answer(_books.Ask(_books.Reserve(request)!, request), approved: true);
        Assert.Null(_books.Reserve(request.At(path: "/other").Again(_books) with { TermsHash = Books.Digest("reworded") }));
    }

    [Fact]
    public void Bound_fields_never_run_into_each_other()
    {
        var one = ApprovalBinding.Of(Above() with { Facts = Above().Facts with { Agent = new AgentId("a") } });
        var moved = Above().At("https://b.example");
        Assert.NotEqual(one, ApprovalBinding.Of(moved with { Facts = moved.Facts with { Agent = new AgentId("a") } }));
        Assert.Equal(one, ApprovalBinding.Of(Above() with { Facts = Above().Facts with { Agent = new AgentId("a") } }));
    }

    [Fact]
    public void A_denial_holds_until_it_ends_and_then_may_be_asked_again()
    {
        var request = Above();
        var id = _books.Ask(_books.Reserve(request)!, request);
        _books.Answer(id, approved: false, TimeSpan.FromMinutes(5));
        var refused = _books.Reserve(request.Again(_books))!;
        Assert.Equal((ReserveRefusal.ApprovalDenied, id, false), (refused.Reason, refused.Approval!.Open, refused.MayAsk));

        _books.Now += TimeSpan.FromMinutes(5) - TimeSpan.FromMicroseconds(1);
        Assert.Equal(ReserveRefusal.ApprovalDenied, _books.Reserve(request.Again(_books))!.Reason);
        _books.Now += TimeSpan.FromMicroseconds(1);
        Assert.Equal((ReserveRefusal.ApprovalPending, null, true), Pending(_books.Reserve(request.Again(_books))!));
        Assert.Equal(ApprovalState.Denied, _books.ApprovalOf(id).State);
    }

    [Fact]
    public void An_agreement_ends_to_the_microsecond()
    {
        var request = Above();
        var id = _books.Ask(_books.Reserve(request)!, request);
        _books.Answer(id, approved: true, TimeSpan.FromMinutes(5));
        _books.Now += TimeSpan.FromMinutes(5) - TimeSpan.FromMicroseconds(1);
        Assert.NotNull(_books.Ledger.Decide(request.Again(_books), _books.Now, default).Entry);
        _books.Now += TimeSpan.FromMicroseconds(1);
        Assert.Equal((ReserveRefusal.ApprovalPending, null, true), Pending(_books.Reserve(request.Again(_books))!));
        Assert.Equal(ApprovalState.Expired, _books.ApprovalOf(id).State);
    }

    [Fact]
    public void A_question_closes_without_an_answer_and_can_not_be_answered_then()
    {
        var request = Above();
        var id = _books.Ask(_books.Reserve(request)!, request);
        _books.Now += TimeSpan.FromHours(1);
        Assert.Equal((ReserveRefusal.ApprovalPending, null, true), Pending(_books.Reserve(request.Again(_books))!));
        Assert.Contains("has closed", Objection(new LedgerEvent.ApprovalAnswered(id, true, "operator", "late", _books.Now.AddHours(1))), StringComparison.Ordinal);
        Assert.Equal(ApprovalState.Expired, _books.ApprovalOf(id).State);

        var second = _books.Ask(_books.Reserve(request.Again(_books))!, request);
        _books.Answer(second, approved: true);
        Assert.Null(_books.Reserve(request.Again(_books)));
        Assert.Equal(second, _books.LastReserved.Approval);
    }

    [Fact]
    public void The_same_is_asked_once_and_answered_once()
    {
        var request = Above();
        var refused = _books.Reserve(request)!;
        var id = _books.Ask(refused, request);
        Assert.Contains("is asked by", Objection(_books.Question(_books.NewId(), refused, request)), StringComparison.Ordinal);
        Assert.Contains("asked already", Objection(_books.Question(id, refused, request)), StringComparison.Ordinal);

        _books.Answer(id, approved: true);
        Assert.Contains("answered by it", Objection(_books.Question(_books.NewId(), refused, request)), StringComparison.Ordinal);
        Assert.Contains("answered before", Objection(new LedgerEvent.ApprovalAnswered(id, false, "operator", "no", _books.Now)), StringComparison.Ordinal);
        Assert.Contains("never asked", Objection(new LedgerEvent.ApprovalAnswered(_books.NewId(), true, "operator", "what", _books.Now)), StringComparison.Ordinal);
    }

    [Fact]
    public void An_agreement_is_used_up_also_by_a_payment_that_is_called_off()
    {
        var request = Above();
        _books.Answer(_books.Ask(_books.Reserve(request)!, request), approved: true);
        Assert.Null(_books.Reserve(request.Again(_books), out var paid));
        _books.Abort(paid);
        Assert.Equal(ReserveRefusal.ApprovalPending, _books.Reserve(request.Again(_books))!.Reason);
    }

    [Fact]
    public void Nobody_is_asked_for_what_would_not_be_paid_anyway()
    {
        var full = Books.Total("0.01");
        Assert.Equal(ReserveRefusal.BudgetExceeded, _books.Reserve(_books.Request("0.50", [full]).With(Requests.Asks(above: true)))!.Reason);
        _books.Pay("0.01", full);
        Assert.Equal(ReserveRefusal.RequestLoop, _books.Reserve(_books.Request("0.50", [full]).With(Requests.Asks(above: true), loop: new LoopGuard("loop", 1, TimeSpan.FromHours(1))))!.Reason);
        _books.Record(new LedgerEvent.Frozen(null, "operator", "stop"));
        Assert.Equal(ReserveRefusal.Frozen, _books.Reserve(Above())!.Reason);
    }

    [Fact]
    public void An_agreement_lifts_no_limit()
    {
        var request = Above();
        _books.Answer(_books.Ask(_books.Reserve(request)!, request), approved: true);
        _books.Pay("9.60", Room);
        Assert.Equal(ReserveRefusal.BudgetExceeded, _books.Reserve(request.Again(_books))!.Reason);
    }

    [Fact]
    public void A_new_recipient_is_asked_for_until_somebody_has_paid_it()
    {
        var guard = Requests.Asks(recipient: true);
        Assert.Equal(ApprovalCauses.NewRecipient, _books.Reserve(_books.Request("0.01", []).With(guard))!.Approval!.Causes);
        _books.Abort(_books.Pay("0.01"));
        Assert.Equal(ApprovalCauses.NewRecipient, _books.Reserve(_books.Request("0.01", []).With(guard))!.Approval!.Causes);

        Assert.Null(_books.Reserve(_books.Request("0.01", [], agent: "you")));
        Assert.Null(_books.Reserve(_books.Request("0.01", []).With(guard)));
        Assert.Equal(ReserveRefusal.ApprovalPending, _books.Reserve(_books.Request("0.01", []).At("https://b.example").With(guard))!.Reason);
        Assert.Equal(ReserveRefusal.ApprovalPending, _books.Reserve(_books.Request("0.01", [], payTo: Other.ToString()).With(guard))!.Reason);
    }

    [Fact]
    public void A_new_host_is_asked_for_unless_a_merchant_names_it()
    {
        var guard = Requests.Asks(host: true);
        Assert.Null(_books.Reserve(_books.Request("0.01", []).With(guard)));
        ReserveRequest Unknown() => _books.Request("0.01", []).At("https://b.example", merchant: null);
        Assert.Equal(ApprovalCauses.NewHost, _books.Reserve(Unknown().With(guard))!.Approval!.Causes);
        Assert.Null(_books.Reserve(Unknown()));
        Assert.Null(_books.Reserve(Unknown().With(guard)));
    }

    [Fact]
    public void A_changed_recipient_is_held_for_a_person_and_pinned_once_it_was_paid()
    {
        var guard = Requests.Asks(recipient: true);
        ReserveRequest To(EvmAddress payTo, ApprovalGuard? approval) => _books.Request("0.01", [], pins: true, payTo: payTo.ToString()).With(approval);
        var first = EvmAddress.Parse("0x1111111111111111111111111111111111111111");
        Assert.Null(_books.Reserve(To(first, null)));
        Assert.Equal(ReserveRefusal.RecipientChanged, _books.Reserve(To(Other, Requests.Asks(above: true, host: true, drift: true)))!.Reason);

        var request = To(Other, guard);
        var refused = _books.Reserve(request)!;
        Assert.Equal((ReserveRefusal.ApprovalPending, ApprovalCauses.NewRecipient | ApprovalCauses.RecipientChanged), (refused.Reason, refused.Approval!.Causes));
        _books.Answer(_books.Ask(refused, request), approved: true);
        Assert.Equal(first, Assert.Single(_books.Ledger.Pins).Value);
        Assert.Null(_books.Reserve(request.Again(_books)));
        Assert.Equal(Other, Assert.Single(_books.Ledger.Pins).Value);
        Assert.Null(_books.Reserve(To(Other, null)));
        Assert.Equal(ApprovalCauses.RecipientChanged, _books.Reserve(To(first, guard))!.Approval!.Causes);
        Assert.Equal(ReserveRefusal.RecipientChanged, _books.Reserve(To(first, null))!.Reason);
    }

    [Fact]
    public void A_price_that_drifts_is_held_for_a_person_where_the_rule_says_so()
    {
        var drift = new PriceDriftGuard("drift", 50);
        Assert.Null(_books.Reserve(_books.Request("0.10", [])));
        Assert.Equal(ReserveRefusal.PriceDrift, _books.Reserve(_books.Request("0.20", []).With(Requests.Asks(above: true, recipient: true, host: true), drift))!.Reason);
        Assert.Equal(ApprovalCauses.PriceDrift, _books.Reserve(_books.Request("0.20", []).With(Requests.Asks(drift: true), drift))!.Approval!.Causes);
        Assert.Null(_books.Reserve(_books.Request("0.15", []).With(Requests.Asks(drift: true), drift)));
    }

    [Fact]
    public void An_agent_with_a_hundred_open_questions_gets_no_more_and_nobody_else_suffers()
    {
        for (var i = 0; i < ApprovalBook.MaxOpenPerAgent; i++)
        {
            var one = Above("r" + i);
            _books.Ask(_books.Reserve(one)!, one);
            _books.Now += TimeSpan.FromSeconds(1);
        }

        var request = Above("one more");
        var refused = _books.Reserve(request)!;
        Assert.Equal((ReserveRefusal.ApprovalPending, null, false), Pending(refused));
        Assert.Equal(TimeSpan.FromSeconds(3500), refused.RetryAfter);
        Assert.Contains("100 open questions", Objection(_books.Question(_books.NewId(), refused, request)), StringComparison.Ordinal);
        Assert.True(_books.Reserve(_books.Request("0.50", [], agent: "you").With(Requests.Asks(above: true)))!.MayAsk);

        _books.Answer(_books.Ledger.Approvals(_books.Now)[0].Id, approved: false);
        Assert.True(_books.Reserve(request.Again(_books))!.MayAsk);
    }

    [Fact]
    public void Closed_questions_are_forgotten_some_day_and_open_ones_never()
    {
        var first = Above("first");
        var id = _books.Ask(_books.Reserve(first)! with { Approval = _books.Reserve(first)!.Approval! with { ValidFor = TimeSpan.FromDays(7) } }, first);
        for (var i = 0; i < 3 * ApprovalBook.MaxClosed; i++)
        {
            var request = Above("r" + i);
            _books.Ask(_books.Reserve(request)!, request);
            _books.Now += TimeSpan.FromMinutes(1);
        }

        var views = _books.Ledger.Approvals(_books.Now);
        Assert.Equal((BudgetLedger.MaxListed, id), (views.Count, views[0].Id));
        _books.Answer(id, approved: true);
        Assert.Null(_books.Reserve(first.Again(_books)));
        Assert.Equal(_books.Ledger.Approvals(_books.Now).Select(view => (view.Id, view.State)), _books.Reread().Approvals(_books.Now).Select(view => (view.Id, view.State)));
    }

    private ReserveRequest Above(string request = "a request") => _books.Request("0.50", [Room], request: request).With(Requests.Asks(above: true));

    private string? Objection(LedgerEvent happened) => _books.Ledger.Objection(new JournalEntry.Recorded(happened), _books.Now);

    private static (ReserveRefusal, PaymentId?, bool) Pending(ReserveOutcome.Refused refused) => (refused.Reason, refused.Approval!.Open, refused.MayAsk);

    private static ReserveRequest Change(ReserveRequest request, string field)
    {
        var (facts, terms) = (request.Facts, request.Terms);
        return field switch
        {
            "agent" => request with { Facts = facts with { Agent = new AgentId("you") }, Lines = [] },
            "origin" => request.At("https://b.example"),
            "payTo" => request with { Facts = facts with { PayTo = Other }, Terms = terms with { To = Other } },
            "network" => request with { Facts = facts with { Network = new ChainId(1) }, Terms = terms with { Chain = new ChainId(1) } },
            "asset" => request with { Facts = facts with { Asset = Other }, Terms = terms with { Asset = Other } },
            "amount" => request with { Terms = terms with { Value = new TokenAmount(terms.Value.Units + 1) } },
            _ => request with { RequestDigest = Books.Digest("another") },
        };
    }
}
