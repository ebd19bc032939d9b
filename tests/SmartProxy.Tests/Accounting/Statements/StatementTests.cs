using System.Numerics;
using System.Text;
using System.Text.Json.Nodes;
using SmartProxy.Accounting.Statements;
using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Receipts;
using SmartProxy.TestKit;
using SmartProxy.Tests.Chain;
using SmartProxy.Tests.Storage;

namespace SmartProxy.Tests.Accounting.Statements;

/// <summary>A month is closed to the last token unit, or the statement says by how much it is not.</summary>
public sealed class StatementTests
{
    private const int Cent = 10_000;

    [Fact]
    public async Task A_month_ties_out_to_the_last_unit_and_everything_odd_is_listed_by_its_payment()
    {
        await using var month = await StatementWorld.OpenAsync();
        await month.UsedAsync();
        var other = await month.UsedAsync(said: new TokenAmount(9_999));
        var late = await month.UsedAsync(isClaimed: false);
        month.Chain.Receive(ChainWorld.Asset, ChainWorld.Stranger, ChainWorld.Wallet, 50_000);
        month.Chain.Steal(ChainWorld.Asset, ChainWorld.Wallet, ChainWorld.Stranger, 1_234);
        await month.World.PassAsync(200);
        Assert.Equal(PaymentState.Proven, await month.World.StateOfAsync(late.Id));
        var thief = Assert.Single(month.World.Recorded<LedgerEvent.Drifted>()).Drift;
        await month.World.Ledger.Host.RecordAsync(new LedgerEvent.Unfrozen(null, "me", "seen"));

        var doubt = await month.World.KeptAsync();
        var voided = await month.World.KeptAsync();
        await month.World.Ledger.Host.RecordAsync(new LedgerEvent.Voided(voided.Id, "me", "tired"));
        var claimed = await month.World.SentAsync();
        await month.World.Ledger.Host.RecordAsync(Purchases.Settled(claimed.Id));
        month.AdvanceTo(StatementWorld.End.AddSeconds(1));
        month.Chain.Use(claimed.Authorization);
        await month.World.PassAsync(1);

        var statement = await month.StatementAsync();

        var account = Assert.Single(statement.Accounts);
        Assert.Equal(
            (StatementWorld.Opening, 50_000, 3 * Cent, 1_234, StatementWorld.Opening + 50_000 - (3 * Cent) - 1_234, 0),
            (account.Opening, account.In, account.Settled, account.Unexplained, account.Closing, account.Difference));
        Assert.True(statement.TiesOut);
        Assert.Equal(Cent, account.Open); // the one that settled in May; the other doubts are dead or attested by now
        Assert.Equal(
            [("settled_other_amount", other.Id), ("voided", voided.Id), ("settled_later", claimed.Id), ("drift", (PaymentId?)null)],
            statement.Exceptions.Select(exception => (exception.Kind, exception.Payment)));
        Assert.Equal((1_234, ChainWorld.Stranger, thief.Proof.Block), (statement.Exceptions[3].Amount, statement.Exceptions[3].To, statement.Exceptions[3].Block));
        Assert.Equal(PaymentState.Expired, await month.World.StateOfAsync(doubt.Id));
        var chain = Assert.Single(statement.Chains);
        Assert.Equal((true, StatementWorld.Start.AddSeconds(-1)), (chain.IsWhole, chain.Opening!.Time));
        Assert.True(chain.Closing!.Time < StatementWorld.End && month.Chain.Blocks[(int)chain.Closing.Number + 1].Time >= StatementWorld.End);
    }

    [Fact]
    public async Task A_block_of_the_first_instant_of_a_month_belongs_to_it_and_not_to_the_month_before()
    {
        await using var month = await StatementWorld.OpenAsync();
        month.AdvanceTo(StatementWorld.End.AddSeconds(-1));
        await month.UsedAsync();
        month.AdvanceTo(StatementWorld.End);
        var may = await month.UsedAsync();
        await month.CloseAsync();

        var statement = await month.StatementAsync();

        Assert.Equal((Cent, StatementWorld.Opening - Cent), (statement.Accounts[0].Settled, statement.Accounts[0].Closing));
        Assert.DoesNotContain(statement.Exceptions, exception => exception.Payment == may.Id);
    }

    [Fact]
    public async Task Open_payments_are_listed_one_by_one_with_what_is_known_of_them()
    {
        await using var month = await StatementWorld.OpenAsync();
        month.AdvanceTo(StatementWorld.End.AddSeconds(-30));
        var (doubt, claimed, sent) = (await month.World.KeptAsync(), await month.World.SentAsync(), await month.World.SentAsync());
        await month.World.Ledger.Host.RecordAsync(Purchases.Settled(claimed.Id));
        month.Chain.Mine(month.World.Now);
        month.Chain.Mine(StatementWorld.End);
        month.Chain.Mine(StatementWorld.End);

        var statement = await month.StatementAsync();

        Assert.Equal(
            [("in_doubt", doubt.Id), ("claimed_not_proven", claimed.Id), ("under_way", sent.Id)],
            statement.Exceptions.Select(exception => (exception.Kind, exception.Payment!.Value)));
        Assert.Equal((3 * Cent, 0), (statement.Accounts[0].Open, statement.Accounts[0].Settled));
        Assert.True(statement.TiesOut);
    }

    [Fact]
    public async Task A_seller_that_claims_what_the_chain_disproves_is_named()
    {
        await using var month = await StatementWorld.OpenAsync();
        var lied = await month.World.SentAsync();
        await month.World.Ledger.Host.RecordAsync(Purchases.Settled(lied.Id));
        await month.World.PassAsync(120);
        await month.CloseAsync();

        Assert.Equal(("claim_disproved", lied.Id), Kinds(await month.StatementAsync()).Single());
    }

    [Fact]
    public async Task What_the_books_have_not_seen_yet_is_read_from_the_chain_and_said()
    {
        await using var month = await StatementWorld.OpenAsync();
        var unseen = await month.UsedAsync();
        month.Chain.Steal(ChainWorld.Asset, ChainWorld.Wallet, ChainWorld.Stranger, 77);
        month.Chain.Mine(month.World.Now);
        month.Chain.Mine(StatementWorld.End);
        month.Chain.Mine(StatementWorld.End);

        var statement = await month.StatementAsync();

        Assert.Equal((Cent, 77, true), (statement.Accounts[0].Settled, statement.Accounts[0].Unexplained, statement.TiesOut));
        Assert.Equal([("not_booked", unseen.Id), ("transfer_without_decision", (PaymentId?)null)], Kinds(statement));
    }

    [Fact]
    public async Task A_proof_that_the_nodes_do_not_show_is_said_and_not_counted()
    {
        await using var month = await StatementWorld.OpenAsync();
        var kept = await month.World.KeptAsync();
        await month.World.Ledger.Host.RecordAsync(new LedgerEvent.Proven(kept.Id, new ChainProof(2, Bytes32.Sha256("2"u8), StatementWorld.Start.AddDays(1), Bytes32.Sha256("t"u8))));
        await month.CloseAsync();

        var statement = await month.StatementAsync();

        Assert.Equal((0, true), (statement.Accounts[0].Settled, statement.TiesOut));
        Assert.Equal(("proof_not_shown", kept.Id), Kinds(statement).Single());
    }

    [Fact]
    public async Task An_authorization_used_for_another_amount_is_unexplained()
    {
        await using var month = await StatementWorld.OpenAsync();
        var kept = await month.World.KeptAsync();
        month.Chain.Use(kept.Authorization, value: 10_001);
        await month.CloseAsync();

        var statement = await month.StatementAsync();

        Assert.Equal((0, 10_001, true), (statement.Accounts[0].Settled, statement.Accounts[0].Unexplained, statement.TiesOut));
        Assert.Contains(("settled_other_amount", kept.Id), Kinds(statement));
    }

    [Theory]
    [InlineData(7)]
    [InlineData(-7)]
    public async Task Where_it_does_not_tie_out_it_says_by_how_much(int units)
    {
        await using var month = await StatementWorld.OpenAsync();
        await month.UsedAsync();
        month.Chain.Balance = (UInt128)((BigInteger)month.Chain.Balance + units); // a token that moves balances without an event
        await month.CloseAsync();

        var statement = await month.StatementAsync();

        Assert.Equal((units, false), (statement.Accounts[0].Difference, statement.TiesOut));
    }

    [Fact]
    public async Task Without_a_node_it_says_what_can_not_be_known_and_invents_nothing()
    {
        await using var month = await StatementWorld.OpenAsync();
        await month.UsedAsync();
        month.Chain.Steal(ChainWorld.Asset, ChainWorld.Wallet, ChainWorld.Stranger, 5);
        await month.World.PassAsync(1);
        await month.CloseAsync();

        var statement = await month.StatementAsync(hasNodes: false);

        var account = statement.Accounts[0];
        Assert.Equal((null, null, null, null, null), (account.Opening, account.In, account.Unexplained, account.Closing, account.Difference));
        Assert.Equal(Cent, account.Settled);
        Assert.False(statement.TiesOut);
        Assert.Contains("no node", statement.Chains[0].Unknown, StringComparison.Ordinal);
        Assert.Equal(("drift", null), Kinds(statement).Single());
    }

    [Fact]
    public async Task Nodes_that_differ_tell_nothing()
    {
        await using var month = await StatementWorld.OpenAsync(nodes: 2);
        await month.UsedAsync();
        await month.CloseAsync();
        month.World.Nodes[1].Lie = (method, answer) => method == "eth_call" ? JsonValue.Create(FakeChain.Word(StatementWorld.Opening + 1)) : answer;

        var statement = await month.StatementAsync();

        Assert.Contains("do not agree", statement.Chains[0].Unknown, StringComparison.Ordinal);
        Assert.Null(statement.Accounts[0].Closing);
        Assert.False(statement.TiesOut);
    }

    [Fact]
    public async Task A_node_that_keeps_no_old_states_leaves_the_opening_unknown()
    {
        await using var month = await StatementWorld.OpenAsync();
        await month.UsedAsync();
        await month.CloseAsync();
        month.World.Nodes[0].Lie = (method, answer) => method == "eth_call" ? null : answer;

        var account = (await month.StatementAsync()).Accounts[0];

        Assert.Equal((null, Cent, 0, null), (account.Opening, account.Settled, account.Unexplained, account.Difference));
    }

    [Fact]
    public async Task A_month_that_is_not_over_closes_at_the_last_final_block_and_says_so()
    {
        await using var month = await StatementWorld.OpenAsync();
        await month.UsedAsync();
        await month.World.PassAsync(1);

        var statement = await month.StatementAsync();

        Assert.False(statement.Chains[0].IsWhole);
        Assert.Equal(month.Chain.Blocks.Count - 2, statement.Chains[0].Closing!.Number);
        Assert.True(statement.TiesOut);
    }

    [Fact]
    public async Task A_range_that_a_node_finds_too_large_is_read_in_parts()
    {
        await using var month = await StatementWorld.OpenAsync();
        await month.UsedAsync();
        await month.UsedAsync();
        await month.CloseAsync();
        var isTooMuch = true;
        month.World.Nodes[0].Lie = (method, answer) => method == "eth_getLogs" && answer.AsArray().Count > 2 && isTooMuch ? null : answer;

        Assert.Equal(2 * Cent, (await month.StatementAsync()).Accounts[0].Settled);
        isTooMuch = false;
        Assert.Equal(2 * Cent, (await month.StatementAsync()).Accounts[0].Settled);
    }

    [Fact]
    public async Task A_signed_statement_is_verified_offline_and_any_other_figure_is_noticed()
    {
        await using var month = await StatementWorld.OpenAsync();
        await month.UsedAsync();
        await month.CloseAsync();
        using var folder = new TempFolder();
        ReceiptKeys.Create(folder.Path, month.World.Now);
        using var keys = ReceiptKeys.Load(folder.Path);
        var payload = StatementDocument.Write(await month.StatementAsync(), month.World.Now);
        var jws = keys.Signer.Sign(payload, StatementDocument.Type);

        Assert.Null(StatementVerifier.Objection(jws + "\n", keys.Jwks));
        Assert.Contains("signature", StatementVerifier.Objection(jws[..^8] + "AAAAAAAA", keys.Jwks), StringComparison.Ordinal);
        Assert.NotNull(StatementVerifier.Objection(keys.Signer.Sign(payload), keys.Jwks));
        Assert.IsType<ReceiptVerification.Refused>(ReceiptVerifier.Verify(jws, keys.Jwks));

        // Even who has the key can't sign a sum that is none.
        foreach (var (from, to) in new[] { ("\"settled\":\"10000\"", "\"settled\":\"9999\""), ("\"difference\":\"0\"", "\"difference\":\"1\""), ("\"difference\":\"0\"", "\"difference\":null") })
        {
            var other = Encoding.UTF8.GetString(payload).Replace(from, to, StringComparison.Ordinal);
            Assert.Contains("sum", StatementVerifier.Objection(keys.Signer.Sign(Encoding.UTF8.GetBytes(other), StatementDocument.Type), keys.Jwks), StringComparison.Ordinal);
        }
    }

    private static IEnumerable<(string Kind, PaymentId? Payment)> Kinds(Statement statement) => statement.Exceptions.Select(exception => (exception.Kind, exception.Payment));
}
