using SmartProxy.Protocol;

namespace SmartProxy.Ledger.Tests;

/// <summary>What else a reservation claims, and which moves a payment may make.</summary>
public sealed class ReserveTests
{
    private static readonly BudgetLine Room = Books.Total("1000.00");

    [Fact]
    public void Nothing_is_reserved_while_everyone_or_this_agent_is_frozen()
    {
        var books = new Books();
        books.Record(new LedgerEvent.Frozen(Books.Me, "operator", "lost laptop"));
        Assert.Equal(ReserveRefusal.Frozen, books.Reserve(books.Request("0.01", [Room]))!.Reason);
        Assert.Null(books.Reserve(books.Request("0.01", [], agent: "you")));

        books.Record(new LedgerEvent.Unfrozen(Books.Me, "operator", "found"));
        books.Record(new LedgerEvent.Frozen(null, "operator", "drill"));
        Assert.Equal(ReserveRefusal.Frozen, books.Reserve(books.Request("0.01", [], agent: "you"))!.Reason);

        books.Record(new LedgerEvent.Unfrozen(null, "operator", "over"));
        books.Pay("0.01", Room);
    }

    [Fact]
    public void A_verdict_of_another_policy_must_be_made_again()
    {
        var books = new Books();
        var request = books.Request("0.01", [Room]) with { PolicyHash = Books.Digest("yesterday") };
        Assert.Equal(ReserveRefusal.PolicyChanged, books.Reserve(request)!.Reason);
        Assert.Equal(ReserveRefusal.PolicyChanged, new Books(withPolicy: false).Reserve(books.Request("0.01", [Room]))!.Reason);
    }

    [Fact]
    public void A_question_with_a_limit_of_the_policy_before_does_not_change_what_is_decided()
    {
        var books = new Books();
        var before = Books.Day("1.00", new SpendScope("group=lab", _ => false));
        var now = Books.Day("1.00", new SpendScope("group=lab", _ => true));
        books.Pay("0.90", Books.Total("100.00"));
        books.Record(new LedgerEvent.PolicyActivated(Books.Policy, "{}", "[]", "everybody is in the lab"));

        Assert.Equal(Usd.Zero, books.Usage(before).Held);

        Assert.Equal(ReserveRefusal.BudgetExceeded, books.Reserve(books.Request("0.20", [now]))!.Reason);
    }

    [Fact]
    public void A_nonce_or_an_id_is_never_used_twice()
    {
        var books = new Books();
        var request = books.Request("0.01", [Room]);
        Assert.Null(books.Reserve(request));
        Assert.Equal(ReserveRefusal.LedgerUnavailable, books.Reserve(request with { LogicalRequest = Books.Digest("else") })!.Reason);

        var twin = (JournalEntry.Reserved)books.Lines[^1].Entry with { Id = books.Request("0.01", []).Id };
        Assert.Contains("nonce", books.Ledger.Objection(twin, books.Now), StringComparison.Ordinal);

        // Elsewhere it is another authorization, as the token's contract sees it.
        var terms = twin.Authorization.Terms;
        foreach (var other in new[] { terms with { Chain = new ChainId(1) }, terms with { Asset = Books.Address(1) }, terms with { From = Books.Address(1) } })
        {
            var id = books.NewId();
            books.Append(twin with { Id = id, Authorization = twin.Authorization with { Terms = other } });
            Assert.Equal(id, books.Ledger.FindByNonce(other.Chain, other.Asset, other.From, twin.Authorization.Nonce)?.Id);
        }

        Assert.Equal(request.Id, books.Ledger.FindByNonce(terms.Chain, terms.Asset, terms.From, twin.Authorization.Nonce)?.Id);
    }

    [Fact]
    public void The_first_recipient_of_an_origin_is_pinned_and_another_one_refused()
    {
        var books = new Books();
        const string other = "0x3333333333333333333333333333333333333333";
        Assert.Null(books.Reserve(books.Request("0.01", [Room], pins: true)));

        var refusal = books.Reserve(books.Request("0.01", [Room], pins: true, payTo: other))!;
        Assert.Equal(ReserveRefusal.RecipientChanged, refusal.Reason);
        Assert.Equal(EvmAddress.Parse("0x1111111111111111111111111111111111111111"), refusal.PinnedRecipient);
        Assert.Null(books.Reserve(books.Request("0.01", [Room], pins: false, payTo: other)));
        Assert.Null(books.Reserve(books.Request("0.01", [Room], pins: true)));
    }

    [Fact]
    public void What_was_judged_must_be_what_would_be_signed()
    {
        var books = new Books();
        var request = books.Request("0.01", [Room]);
        Assert.Throws<ArgumentException>(() => books.Reserve(request with { Terms = request.Terms with { To = EvmAddress.Zero } }));
        Assert.Throws<ArgumentException>(() => books.Reserve(request with { Terms = request.Terms with { Chain = new ChainId(1) } }));
        Assert.Throws<ArgumentException>(() => books.Reserve(request with { Terms = request.Terms with { ValidBefore = long.MaxValue } }));
    }

    [Fact]
    public void A_payment_must_count_in_every_limit_that_it_is_checked_against()
    {
        var books = new Books();
        var stranger = Books.Day("1.00", new SpendScope("agent=you", f => f.Agent.Value == "you"));
        Assert.Throws<ArgumentException>(() => books.Reserve(books.Request("0.01", [stranger])));
    }

    public static TheoryData<PaymentState, PaymentState, bool> Moves
    {
        get
        {
            (PaymentState, PaymentState)[] legal =
            [
                (PaymentState.Reserved, PaymentState.Sent), (PaymentState.Reserved, PaymentState.Aborted), (PaymentState.Reserved, PaymentState.InDoubt),
                (PaymentState.Sent, PaymentState.InDoubt), (PaymentState.Sent, PaymentState.Settled),
                (PaymentState.InDoubt, PaymentState.InDoubt), (PaymentState.InDoubt, PaymentState.Settled), (PaymentState.InDoubt, PaymentState.Voided),
                .. from live in new[] { PaymentState.Reserved, PaymentState.Sent, PaymentState.InDoubt, PaymentState.Settled, PaymentState.Voided }
                   from last in new[] { PaymentState.Proven, PaymentState.Expired }
                   select (live, last),
            ];
            var moves = new TheoryData<PaymentState, PaymentState, bool>();
            foreach (var from in Enum.GetValues<PaymentState>())
            {
                foreach (var to in Enum.GetValues<PaymentState>().Where(to => to != PaymentState.Reserved))
                {
                    moves.Add(from, to, legal.Contains((from, to)));
                }
            }

            return moves;
        }
    }

    [Theory, MemberData(nameof(Moves))]
    public void Only_the_arrows_of_the_state_machine_are_legal(PaymentState from, PaymentState to, bool legal)
    {
        var books = new Books();
        var id = books.Pay("0.01", Room);
        if (from is PaymentState.Sent or PaymentState.Settled)
        {
            books.Send(id);
        }

        if (from is PaymentState.Voided)
        {
            books.Doubt(id);
        }

        Go(books, id, from == PaymentState.Sent ? PaymentState.Reserved : from);
        Assert.Equal(from, books.Ledger.Find(id)!.State);

        if (legal)
        {
            Go(books, id, to);
            Assert.Equal(to, books.Ledger.Find(id)!.State);
        }
        else
        {
            Assert.Throws<LedgerInvariantException>(() => Go(books, id, to));
        }
    }

    [Fact]
    public void What_happens_to_an_unknown_payment_breaks_the_books()
    {
        var books = new Books();
        Assert.Throws<LedgerInvariantException>(() => books.Send(books.Request("0.01", []).Id));
    }

    private static void Go(Books books, PaymentId id, PaymentState to)
    {
        switch (to)
        {
            case PaymentState.Reserved:
                break;
            case PaymentState.Sent:
                books.Send(id);
                break;
            case PaymentState.Settled:
                books.Settle(id);
                break;
            case PaymentState.InDoubt:
                books.Doubt(id);
                break;
            case PaymentState.Aborted:
                books.Abort(id);
                break;
            case PaymentState.Proven:
                books.Record(new LedgerEvent.Proven(id, new ChainProof(7, default, books.Now)));
                break;
            case PaymentState.Expired:
                books.Record(new LedgerEvent.Expired(id, new ChainProof(7, default, books.Now.AddHours(1)), LedgerEvent.Expired.Unused));
                break;
            case PaymentState.Voided:
                books.Record(new LedgerEvent.Voided(id, "test", "gone"));
                break;
        }
    }
}
