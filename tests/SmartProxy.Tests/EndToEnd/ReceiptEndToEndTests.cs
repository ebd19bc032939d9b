using System.Globalization;
using System.Net;
using System.Text.Json;
using SmartProxy.Ledger;
using SmartProxy.Receipts;
using SmartProxy.Storage;
using SmartProxy.TestKit;
using SmartProxy.Tests.Payments;
using SmartProxy.Tests.Receipts;

namespace SmartProxy.Tests.EndToEnd;

/// <summary>From the header of an answer to a receipt that anybody can verify, and that says what the journal says.</summary>
public sealed class ReceiptEndToEndTests : IAsyncLifetime
{
    private const string Dear = "/dear";
    private const string Cheap = "/cheap";

    private ScriptedSeller _seller = null!;
    private RunningProxy _proxy = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _seller = await ScriptedSeller.StartAsync(tls: true);
        _seller.Sell(Cheap, ScriptedSeller.DeliverAsync);
        _seller.On(Dear, context =>
        {
            context.Response.StatusCode = 402;
            context.Response.Headers["PAYMENT-REQUIRED"] = Terms.Header(amount: 900_000);
            return Task.CompletedTask;
        });
        _proxy = await RunningProxy.StartAsync(new ProxySetup { Policy = OddWorld.PolicyFor(_seller.Authority), Agents = ["a-1"] });
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        await _seller.DisposeAsync();
    }

    [Fact]
    public async Task A_paid_request_leads_to_a_genuine_receipt_that_says_what_the_journal_says()
    {
        var id = await AskAsync(Cheap, HttpStatusCode.OK);
        var (jws, receipt) = await ReceiptAsync(_proxy, id);
        Assert.IsType<ReceiptVerification.Genuine>(ReceiptVerifier.Verify(jws, await JwksAsync()));
        await _proxy.StopAsync();

        var lines = _proxy.Journal();
        var reserved = Assert.Single(lines, line => line.Entry is JournalEntry.Reserved);
        var settled = Assert.Single(lines, line => line.Entry is JournalEntry.Recorded { Event: LedgerEvent.Settled });
        var terms = ((JournalEntry.Reserved)reserved.Entry).Authorization.Terms;
        var payment = receipt.GetProperty("payment");
        Assert.Equal("paid", receipt.GetProperty("outcome").GetString());
        Assert.Equal("me", receipt.GetProperty("agent").GetString());
        Assert.Equal(Cheap, receipt.GetProperty("path").GetString());
        Assert.Equal((terms.Value.ToString(), Terms.Cent.ToString(CultureInfo.InvariantCulture)), (payment.GetProperty("amount").GetString(), payment.GetProperty("amount").GetString()));
        Assert.Equal((terms.To.ToString(), terms.From.ToString()), (payment.GetProperty("payTo").GetString(), payment.GetProperty("from").GetString()));
        Assert.Equal(FlowKit.Open(Assert.Single(_seller.PaymentsAt(Cheap))).Nonce, payment.GetProperty("nonce").GetString());
        AssertLine(reserved, receipt.GetProperty("ledger").GetProperty("reserve"));
        AssertLine(settled, receipt.GetProperty("ledger").GetProperty("outcome"));
    }

    [Fact]
    [Trait("invariant", "I16")]
    public async Task A_refused_request_leads_to_a_genuine_receipt_with_the_reason_and_the_rule()
    {
        var id = await AskAsync(Dear, HttpStatusCode.Forbidden);
        var (jws, receipt) = await ReceiptAsync(_proxy, id);

        Assert.IsType<ReceiptVerification.Genuine>(ReceiptVerifier.Verify(jws, await JwksAsync()));
        Assert.Equal("refused", receipt.GetProperty("outcome").GetString());
        Assert.Equal("amount_over_payment_limit", receipt.GetProperty("decision").GetProperty("reason").GetString());
        Assert.Equal("policies.small.limits.payment", receipt.GetProperty("decision").GetProperty("rule").GetString());
        Assert.Equal("0.9", receipt.GetProperty("payment").GetProperty("usd").GetString()!.TrimEnd('0'));
        Assert.Empty(_seller.PaymentsAt(Dear));

        await _proxy.StopAsync();
        var lines = _proxy.Journal();
        var policy = lines.Select(line => line.Entry).OfType<JournalEntry.Recorded>().Select(entry => entry.Event).OfType<LedgerEvent.PolicyActivated>().Last();
        Assert.Equal(policy.Hash.ToString(), receipt.GetProperty("decision").GetProperty("policyHash").GetString());
        AssertLine(Assert.Single(lines, line => line.Entry is JournalEntry.Recorded { Event: LedgerEvent.Refused }), receipt.GetProperty("ledger").GetProperty("outcome"));
    }

    [Fact]
    public async Task Another_agent_gets_no_receipt_and_no_hint()
    {
        var id = await AskAsync(Cheap, HttpStatusCode.OK);
        await ReceiptAsync(_proxy, id);

        using var stranger = await _proxy.OwnAsync("a-1", "/v1/receipts/" + id);
        using var nobody = await _proxy.OwnAsync("a-1", "/v1/receipts/" + id[..^1] + (id[^1] == '0' ? '1' : '0'));
        using var list = await _proxy.OwnAsync("a-1", "/v1/me/payments");

        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (stranger.StatusCode, nobody.StatusCode));
        Assert.Equal(await nobody.Content.ReadAsStringAsync(Cancellation), await stranger.Content.ReadAsStringAsync(Cancellation));
        Assert.DoesNotContain(id["rcpt_".Length..], await list.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_its_index_the_proxy_makes_the_same_receipts_again()
    {
        string[] ids = [await AskAsync(Cheap, HttpStatusCode.OK), await AskAsync(Dear, HttpStatusCode.Forbidden)];
        var before = new List<JsonElement> { (await ReceiptAsync(_proxy, ids[0])).Receipt, (await ReceiptAsync(_proxy, ids[1])).Receipt };
        await _proxy.StopAsync();
        File.Delete(_proxy.Data.Index);

        await _proxy.StartAsync();

        foreach (var (id, old) in ids.Zip(before))
        {
            var (jws, again) = await ReceiptAsync(_proxy, id);
            Assert.IsType<ReceiptVerification.Genuine>(ReceiptVerifier.Verify(jws, await JwksAsync()));
            Assert.Equal(WithoutIssueTime(old), WithoutIssueTime(again));
        }
    }

    [Fact]
    public async Task A_crash_between_payment_and_answer_leaves_a_receipt_in_doubt_and_the_amount_held()
    {
        var (arrived, gate) = (new TaskCompletionSource(), new TaskCompletionSource());
        _seller.Sell("/crash", async context =>
        {
            arrived.SetResult();
            await gate.Task;
            await ScriptedSeller.DeliverAsync(context);
        });
        using var client = _proxy.As("me");
        var answer = client.GetAsync(_seller.Url + "/crash", Cancellation);
        await arrived.Task.WaitAsync(Cancellation);

        try
        {
            await using var after = await _proxy.StartFromCrashImageAsync();
            using var list = await after.OwnAsync("me", "/v1/me/payments");
            using var document = JsonDocument.Parse(await list.Content.ReadAsStringAsync(Cancellation));
            var payment = Assert.Single(document.RootElement.GetProperty("payments").EnumerateArray());
            var (jws, receipt) = await ReceiptAsync(after, "rcpt_" + payment.GetProperty("id").GetString());

            Assert.IsType<ReceiptVerification.Genuine>(ReceiptVerifier.Verify(jws, await JwksAsync()));
            Assert.Equal(("in_doubt", "restart"), (receipt.GetProperty("outcome").GetString(), receipt.GetProperty("decision").GetProperty("reason").GetString()));
            Assert.Equal(FlowKit.Open(Assert.Single(_seller.PaymentsAt("/crash"))).Nonce, receipt.GetProperty("payment").GetProperty("nonce").GetString());
            Assert.Equal((UInt128.Zero, (UInt128)Terms.Cent), await after.MoneyOfAsync("me"));
        }
        finally
        {
            gate.SetResult();
        }

        using var delivered = await answer;
        Assert.Equal(HttpStatusCode.OK, delivered.StatusCode);
    }

    [Fact]
    public async Task The_second_verifier_confirms_the_real_journal_and_that_it_holds_the_real_receipts()
    {
        OtherTools.Require("node");
        string[] ids = [await AskAsync(Cheap, HttpStatusCode.OK), await AskAsync(Dear, HttpStatusCode.Forbidden)];
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder.File("jwks"), await JwksAsync(), Cancellation);
        foreach (var id in ids)
        {
            await File.WriteAllTextAsync(folder.File(id), (await ReceiptAsync(_proxy, id)).Jws, Cancellation);
        }

        await _proxy.StopAsync();
        var journal = JournalFiles.JournalIn(_proxy.Data.Path);
        Assert.Equal(0, await VerifyAsync("journal", journal));
        foreach (var id in ids)
        {
            Assert.Equal(0, await VerifyAsync("receipt", folder.File(id), folder.File("jwks"), journal));
        }

        // And it can say no: a byte of the amount in the journal is enough.
        var changed = folder.File("changed");
        await File.WriteAllTextAsync(changed, (await File.ReadAllTextAsync(journal, Cancellation)).Replace("\"10000\"", "\"10001\"", StringComparison.Ordinal), Cancellation);
        Assert.Equal(1, await VerifyAsync("journal", changed));
    }

    private static void AssertLine(JournalLine line, JsonElement told)
    {
        Assert.Equal(line.Sequence, told.GetProperty("sequence").GetInt64());
        Assert.Equal(line.Hash.ToHex(), told.GetProperty("hash").GetString());
    }

    private static string WithoutIssueTime(JsonElement receipt) =>
        string.Join('\n', receipt.EnumerateObject().Where(member => !member.NameEquals("issuedAt")).Select(member => member.ToString()));

    private static async Task<int> VerifyAsync(params string[] arguments) =>
        (await OtherTools.RunAsync("node", [Repository.PathOf("tests", "verifier", "verify.mjs"), .. arguments])).ExitCode;

    /// <summary>Asks as the agent <c>me</c>. Returns the receipt that the answer names.</summary>
    private async Task<string> AskAsync(string path, HttpStatusCode expected)
    {
        using var client = _proxy.As("me");
        using var answer = await client.GetAsync(_seller.Url + path, Cancellation);
        Assert.Equal(expected, answer.StatusCode);
        return answer.Headers.GetValues("Smart-Proxy-Receipt").Single();
    }

    private static async Task<(string Jws, JsonElement Receipt)> ReceiptAsync(RunningProxy proxy, string id)
    {
        using var signed = await proxy.OwnAsync("me", "/v1/receipts/" + id);
        Assert.Equal(HttpStatusCode.OK, signed.StatusCode);
        using var plain = await proxy.OwnAsync("me", "/v1/receipts/" + id, accept: "application/json");
        using var document = JsonDocument.Parse(await plain.Content.ReadAsStringAsync(Cancellation));
        Assert.Equal(id, document.RootElement.GetProperty("id").GetString());
        return (await signed.Content.ReadAsStringAsync(Cancellation), document.RootElement.Clone());
    }

    private async Task<string> JwksAsync()
    {
        using var client = new HttpClient();
        return await client.GetStringAsync(new Uri(_proxy.Proxy, "/.well-known/jwks.json"), Cancellation);
    }
}
