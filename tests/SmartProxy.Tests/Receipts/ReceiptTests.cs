using System.Text;
using System.Text.Json;
using SmartProxy.Ledger;
using SmartProxy.Receipts;

namespace SmartProxy.Tests.Receipts;

public sealed class ReceiptTests
{
    [Fact]
    public void A_paid_receipt_tells_the_whole_story()
    {
        const string Expected = """
            {"v":1,"id":"rcpt_01kjmp7epv041061050r3gg28a","outcome":"paid",
             "agent":"me","group":"lab","policy":"research","tags":{"area":"lab","costCenter":"4711"},"merchant":"exa","category":"search",
             "method":"GET","origin":"https://api.exa.example","path":"/v1/search","queryHmac":"0xabcd",
             "requestDigest":"REQUEST","responseDigest":"RESPONSE",
             "terms":{"hash":"TERMS","rail":"x402","version":2,"scheme":"exact"},
             "decision":{"rule":"agents.me.allow[0] *","policyHash":"POLICY",
               "trace":[{"rule":"agents.me.allow[0] *","says":"allows","detail":"*"},{"rule":"agents.me.limits.payment","says":"limits","detail":"at most 0.05 USD"}],
               "limits":[{"id":"agents.me.limits.day","limit":"1.00","spent":"0.00","held":"0.01","remaining":"0.99","resetsAt":"2026-03-02T00:00:00.123000Z"}],
               "approval":"01kjaskedaaaaaaaaaaaaaaaaa","grants":[{"id":"01kjgrantaaaaaaaaaaaaaaaaa","amount":"0.003"}]},
             "payment":{"network":"eip155:84532","asset":"0x036CbD53842c5426634e7929541eC2318f3dCF7e","symbol":"USDC","amount":"10000","usd":"0.01",
               "usdPerToken":"1.00","payTo":"0x209693Bc6afc0C5328bA36FaF03C514EF312287C","from":"0x857b06519E91e3A54538791bDbb0E22373e36b66",
               "nonce":"NONCE","validBefore":"1780000060"},
             "decisionRecord":RECORD,
             "settlement":{"status":200,"delivered":true,
               "claimed":{"success":true,"transaction":"0xfeed","network":"eip155:84532","payer":"0x857b06519E91e3A54538791bDbb0E22373e36b66","amount":"10000"},
               "proven":null},
             "decidedAt":"2026-03-01T12:00:00.123000Z","finishedAt":"2026-03-01T12:00:01.123000Z","issuedAt":"2026-03-01T12:00:02.123000Z",
             "ledger":{"reserve":{"sequence":7,"hash":"LINE7"},"outcome":{"sequence":9,"hash":"LINE9"}},"count":1}
            """;
        var expected = Expected
            .Replace("rcpt_01kjmp7epv041061050r3gg28a", "rcpt_" + ReceiptSamples.Payment, StringComparison.Ordinal)
            .Replace("REQUEST", ReceiptSamples.Hash("request").ToString(), StringComparison.Ordinal)
            .Replace("RESPONSE", ReceiptSamples.Hash("response").ToString(), StringComparison.Ordinal)
            .Replace("TERMS", ReceiptSamples.Hash("terms").ToString(), StringComparison.Ordinal)
            .Replace("POLICY", ReceiptSamples.Hash("policy").ToString(), StringComparison.Ordinal)
            .Replace("NONCE", ReceiptSamples.Authorization().Nonce.ToString(), StringComparison.Ordinal)
            .Replace("LINE7", ReceiptSamples.Hash("line 7").ToHex(), StringComparison.Ordinal)
            .Replace("LINE9", ReceiptSamples.Hash("line 9").ToHex(), StringComparison.Ordinal)
            .Replace("RECORD", $"\"{JsonEncodedText.Encode(ReceiptSamples.DecisionRecord)}\"", StringComparison.Ordinal);

        var written = Write(ReceiptSamples.Paid);
        Assert.True(JsonElement.DeepEquals(Parse(expected), Parse(written)), written);
        Assert.Equal(MembersOf(Parse(expected)), MembersOf(Parse(written)));
    }

    [Fact]
    public void A_refused_receipt_says_what_was_asked_and_that_nothing_was_signed()
    {
        var receipt = Parse(Write(ReceiptSamples.Refused));
        Assert.Equal("refused", receipt.GetProperty("outcome").GetString());
        Assert.Equal("amount_over_payment_limit", receipt.GetProperty("decision").GetProperty("reason").GetString());
        Assert.Equal("0.049997", receipt.GetProperty("decision").GetProperty("remaining").GetString());
        Assert.Equal("2.00", receipt.GetProperty("payment").GetProperty("usd").GetString());
        Assert.Equal(3, receipt.GetProperty("count").GetInt32());
        Assert.False(receipt.GetProperty("payment").TryGetProperty("nonce", out _));
        Assert.False(receipt.TryGetProperty("decisionRecord", out _));
        Assert.False(receipt.GetProperty("ledger").TryGetProperty("reserve", out _));
    }

    [Fact]
    public void The_final_receipt_has_its_own_id_and_names_the_first()
    {
        var proof = new SettlementProof(Used: false, 4711, ReceiptSamples.Hash("block"), ReceiptSamples.Decided.AddMinutes(5));
        var receipt = Parse(Write(ReceiptSamples.Paid with { Number = 2, Outcome = ReceiptOutcome.Failed, Reason = "expired_unused", Proof = proof }));

        Assert.Equal($"rcpt_{ReceiptSamples.Payment}.2", receipt.GetProperty("id").GetString());
        Assert.Equal($"rcpt_{ReceiptSamples.Payment}", receipt.GetProperty("supersedes").GetString());
        Assert.False(receipt.GetProperty("settlement").GetProperty("proven").GetProperty("used").GetBoolean());
    }

    [Theory]
    [InlineData(nameof(ReceiptOutcome.Paid), "paid")]
    [InlineData(nameof(ReceiptOutcome.Refused), "refused")]
    [InlineData(nameof(ReceiptOutcome.Failed), "failed")]
    [InlineData(nameof(ReceiptOutcome.InDoubt), "in_doubt")]
    public void Every_outcome_has_its_word(string outcome, string word) =>
        Assert.Equal(word, Receipt.WordOf(Enum.Parse<ReceiptOutcome>(outcome)));

    [Fact]
    public void The_decision_record_comes_out_verbatim()
    {
        var receipt = Parse(Write(ReceiptSamples.Paid));
        Assert.Equal(ReceiptSamples.DecisionRecord, receipt.GetProperty("decisionRecord").GetString());
    }

    [Fact]
    public void A_nonce_that_commits_to_something_else_makes_no_receipt()
    {
        var reserved = ReceiptSamples.Paid.Reserved! with { DecisionRecord = ReceiptSamples.DecisionRecord + " " };
        Assert.Throws<InvalidOperationException>(() => Write(ReceiptSamples.Paid with { Reserved = reserved }));
    }

    [Theory]
    [InlineData(nameof(ReceiptOutcome.Paid))]
    [InlineData(nameof(ReceiptOutcome.InDoubt))]
    public void Money_without_a_reservation_makes_no_receipt(string outcome) =>
        Assert.Throws<InvalidOperationException>(() => Write(ReceiptSamples.Refused with { Outcome = Enum.Parse<ReceiptOutcome>(outcome) }));

    [Fact]
    public void A_query_never_gets_into_a_receipt()
    {
        var context = ReceiptSamples.Context with { Path = "/v1/search?key=hunter2" };
        var written = Write(ReceiptSamples.Paid with { Context = context });
        Assert.DoesNotContain("hunter2", written, StringComparison.Ordinal);
        Assert.Equal("/v1/search", Parse(written).GetProperty("path").GetString());
    }

    [Fact]
    public void Texts_of_strangers_are_bounded_and_stay_text()
    {
        var claim = new SettlementClaim(Success: false, new string('a', 255) + "🔑" + new string('b', 9000), "<script>\u202e\r\n", null, null, new string('c', 9000));
        var context = ReceiptSamples.Context with { Path = "/" + new string('p', 9000) };
        var written = Write(ReceiptSamples.Paid with { Claim = claim, Context = context });
        var claimed = Parse(written).GetProperty("settlement").GetProperty("claimed");

        Assert.Equal(new string('a', 255) + "…", claimed.GetProperty("transaction").GetString());
        Assert.Equal("<script>\u202e\r\n", claimed.GetProperty("network").GetString());
        Assert.Equal(257, claimed.GetProperty("errorReason").GetString()!.Length);
        Assert.True(written.Length < 8000);
        Assert.True(Ascii.IsValid(written));
        Assert.DoesNotContain("<script", written, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', written);
    }

    private static string Write(ReceiptFacts facts) => Encoding.UTF8.GetString(Receipt.Write(facts, ReceiptSamples.Decided.AddSeconds(2)));

    private static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    private static IEnumerable<string> MembersOf(JsonElement element) => element.EnumerateObject().Select(member => member.Name);
}
