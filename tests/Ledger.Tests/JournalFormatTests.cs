using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using SmartProxy.Protocol;
using SmartProxy.TestKit;

namespace SmartProxy.Ledger.Tests;

/// <summary>The journal's format lasts: what is written is what is documented, and nothing else is read.</summary>
public sealed class JournalFormatTests
{
    private static readonly DateTimeOffset At = new DateTimeOffset(2026, 3, 2, 10, 0, 0, TimeSpan.Zero).AddMicroseconds(123_456);
    private static readonly PaymentId Id = PaymentId.Create(At, new byte[10]);
    private static readonly PaymentContext Context = new()
    {
        Method = "POST",
        Origin = new Books().Request("0.01", []).Facts.Origin,
        Path = "/ä\"\\\n\u2028<&>",
        QueryHmac = "q",
        Rule = "rule",
        Rail = "x402",
        ProtocolVersion = 2,
        Scheme = "exact",
        AssetSymbol = "USDC",
        Wallet = "main",
        Tags = new Dictionary<string, string> { ["costCenter"] = "4711" },
        Trace =
        [
            new TraceStep("policies.research.allow[0]", TraceSaying.Allows, "exa"), new TraceStep("limits.day", TraceSaying.Limits, null),
            new TraceStep("approval", TraceSaying.Asks, ""), new TraceStep("deny", TraceSaying.Refuses, "\"no\""),
        ],
        Shadow = new ShadowSaying(Books.Digest("shadow"), false, "denied", "deny[0]"),
    };

    private static readonly SettlementClaim Claim = new(true, "0xabc", "eip155:8453", "0x1", new TokenAmount(UInt128.MaxValue), "why");

    public static IEnumerable<JournalEntry> Entries
    {
        get
        {
            yield return new JournalEntry.Opened(Books.Digest("journal"));
            yield return Reserved();
            yield return Reserved() with
            {
                Approval = Id,
                Grants = [new GrantUse(Id, new Usd(1)), new GrantUse(PaymentId.Parse("01jaaaaaaaaaaaaaaaaaaaaaaa"), new Usd(UInt128.MaxValue))],
                Lines = [new LimitFigures("n", Count(3), Count(2), Count(1)), new LimitFigures("r", Recipients(3), Recipients(2), Recipients(0)), new LimitFigures("d", new Usd(3), new Usd(2), new Usd(1))],
            };
            yield return Reserved() with { Context = Minimal(), Lines = [], HasIdempotencyKey = true, Facts = Reserved().Facts with { Group = null, Policy = null, Merchant = null, Category = null } };
            foreach (var happened in Events())
            {
                yield return new JournalEntry.Recorded(happened);
            }
        }
    }

    [Fact]
    public void Every_entry_is_read_back_as_it_was_written()
    {
        foreach (var entry in Entries)
        {
            var text = Write(entry, out var line);
            Assert.True(JournalReader.TryRead(text, out var read, out var problem), problem);
            Assert.Equal((line.Sequence, line.Previous, line.At, line.Hash), (read.Sequence, read.Previous, read.At, read.Hash));
            Assert.Equal(text, Write(read.Entry, out _));
            Assert.Equal(Plain(entry), Plain(read.Entry));
        }
    }

    [Fact]
    public void Every_member_that_is_written_is_documented_and_every_documented_one_is_written()
    {
        var documentation = File.ReadAllText(Repository.PathOf("docs", "journal.md"));
        var documented = Regex.Matches(documentation, @"^\| `([A-Za-z0-9.]+)` \|", RegexOptions.Multiline).Select(m => m.Groups[1].Value).ToHashSet();
        var written = new HashSet<string>();
        foreach (var entry in Entries)
        {
            using var document = JsonDocument.Parse(Write(entry, out _));
            Collect(document.RootElement, "", written);
            if (entry is JournalEntry.Reserved reserved)
            {
                using var record = JsonDocument.Parse(reserved.DecisionRecord);
                Collect(record.RootElement, "record.", written);
            }
        }

        Assert.Equal(written.Order(), documented.Order());
        Assert.All(Entries, entry => Assert.Contains($"`{TypeOf(entry)}`", documentation, StringComparison.Ordinal));
    }

    [Fact]
    public void A_line_starts_with_its_place_in_the_chain()
    {
        var text = Encoding.UTF8.GetString(Write(new JournalEntry.Recorded(new LedgerEvent.Sent(Id)), out _));
        Assert.Equal(
            $$"""{"v":1,"seq":1,"prev":"{{new string('0', 64)}}","at":"2026-03-02T10:00:00.123456Z","type":"sent","payment":"{{Id}}"}""",
            text);
    }

    public static TheoryData<string, string, string> Strangers => new()
    {
        { "\"v\":1", "\"v\":2", "newer version" },
        { "\"type\":\"sent\"", "\"type\":\"audited\"", "newer version" },
        { "\"payment\":", "\"extra\":1,\"payment\":", "`payment`" },
        { "\"seq\":1", "\"seq\":1,\"seq\":1", "`prev`" },
        { "\"seq\":1", "\"seq\":1.5", "" },
        { "}", ",\"more\":1}", "expected EndObject" },
        { "}", "}{", "" },
        { "}", "", "" },
        { "123456Z", "12345Z", "`at`" },
    };

    [Theory, MemberData(nameof(Strangers))]
    public void Nothing_else_is_read(string from, string to, string expected)
    {
        var text = Encoding.UTF8.GetString(Write(new JournalEntry.Recorded(new LedgerEvent.Sent(Id)), out _));
        Assert.False(JournalReader.TryRead(Encoding.UTF8.GetBytes(text.Replace(from, to, StringComparison.Ordinal)), out _, out var problem));
        Assert.Contains(expected, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void The_nonce_is_the_hash_of_the_record_and_the_record_tells_the_whole_decision()
    {
        var entry = Reserved();
        Assert.Equal(Bytes32.Keccak256(Encoding.UTF8.GetBytes(entry.DecisionRecord)), entry.Authorization.Nonce);
        Assert.True(DecisionRecord.Explains(entry, out var head));
        Assert.Equal(Books.Digest("head"), head);
        Assert.DoesNotContain(entry.Authorization.Nonce.ToHex(), entry.DecisionRecord, StringComparison.Ordinal);

        Assert.False(DecisionRecord.Explains(entry with { PolicyHash = default }, out _));
        Assert.False(DecisionRecord.Explains(entry with { RequestDigest = default }, out _));
        Assert.False(DecisionRecord.Explains(entry with { TermsHash = default }, out _));
        Assert.False(DecisionRecord.Explains(entry with { Id = default }, out _));
        Assert.False(DecisionRecord.Explains(entry with { DecisionRecord = entry.DecisionRecord + " " }, out _));
        var terms = entry.Authorization.Terms with { Value = new TokenAmount(1) };
        Assert.False(DecisionRecord.Explains(entry with { Authorization = entry.Authorization with { Terms = terms } }, out _));
        Assert.False(DecisionRecord.Explains(entry with { Authorization = entry.Authorization with { Nonce = default } }, out _));
    }

    private static JournalEntry.Reserved Reserved()
    {
        var books = new Books();
        return books.Ledger.Decide(books.Request("0.01", [Books.Day("1.00")]) with { Context = Context }, At, Books.Digest("head")).Entry!;
    }

    private static PaymentContext Minimal() => Context with { QueryHmac = null, Scheme = null, AssetSymbol = null, Wallet = null, Tags = new Dictionary<string, string>(), Trace = [], Shadow = null };

    private static Quantity Count(uint units) => new(SpendMeasure.Payments, units);

    private static Quantity Recipients(uint units) => new(SpendMeasure.Recipients, units);

    private static IEnumerable<LedgerEvent> Events()
    {
        var (hash, usd) = (Books.Digest("hash"), new Usd(10));
        yield return new LedgerEvent.PolicyActivated(hash, "{ \"text\": 1 }\n", "[]", "change");
        yield return new LedgerEvent.Sent(Id);
        yield return new LedgerEvent.Settled(Id, Claim, 200, true, hash);
        yield return new LedgerEvent.Settled(Id, new SettlementClaim(false, "", "", null, null, null), 500, false);
        yield return new LedgerEvent.InDoubt(Id, "no_answer", null, false);
        yield return new LedgerEvent.InDoubt(Id, "settlement_failed", 402, false, Claim);
        yield return new LedgerEvent.Aborted(Id, "signer_refused");
        yield return new LedgerEvent.Proven(Id, new ChainProof(long.MaxValue, hash, At, Books.Digest("transaction")));
        yield return new LedgerEvent.Expired(Id, new ChainProof(0, hash, At), LedgerEvent.Expired.Unused);
        yield return new LedgerEvent.Undelivered(Id, LedgerEvent.Undelivered.Truncated);
        yield return new LedgerEvent.SellerSigned(Id, new SellerPaper(SellerPaper.Offer, SellerPaper.Invalid, "signature", "0xabc", "{\"format\":\"eip712\"}"));
        yield return new LedgerEvent.SellerSigned(Id, new SellerPaper(SellerPaper.Receipt, SellerPaper.Valid, null, null, "{}"));
        yield return new LedgerEvent.Refunded(Id, new ChainRefund(new ChainId(1), EvmAddress.Zero, EvmAddress.Zero, EvmAddress.Zero, new TokenAmount(UInt128.MaxValue), 7, new ChainProof(1, hash, At, hash)));
        yield return new LedgerEvent.Voided(Id, "operator", "reason");
        yield return new LedgerEvent.Drifted(new ChainDrift(new ChainId(1), EvmAddress.Zero, EvmAddress.Zero, hash, EvmAddress.Zero, new TokenAmount(UInt128.MaxValue), 7, new ChainProof(1, hash, At, hash)));
        yield return new LedgerEvent.Drifted(new ChainDrift(new ChainId(1), EvmAddress.Zero, EvmAddress.Zero, null, null, null, 0, new ChainProof(1, hash, At, hash)));
        yield return new LedgerEvent.RollbackAccepted(9, hash, "operator", "reason");
        yield return new LedgerEvent.Refused(
            Id, Books.Me, "budget_exceeded", Context, new RefusalFigures(usd, EvmAddress.Zero, new ChainId(1), EvmAddress.Zero, "9", usd, usd, usd, usd, At), hash, hash, hash);
        yield return new LedgerEvent.Refused(Id, Books.Me, "request_loop", Context, new RefusalFigures(usd) { PassesAt = 4 }, hash, hash, hash);
        yield return new LedgerEvent.Refused(Id, Books.Me, "no_policy", Minimal(), new RefusalFigures(), hash, hash, null);
        yield return new LedgerEvent.Refused(
            Id, Books.Me, "count_exceeded", Context with { Shadow = new ShadowSaying(hash, true, null, "allow[0]") }, new RefusalFigures(usd, Limit: Count(3), Remaining: Count(0)), hash, hash, hash);
        yield return new LedgerEvent.ApprovalRequested(Id, Question(ApprovalCauses.AmountAbove), Context, new RefusalFigures(usd), At);
        yield return new LedgerEvent.ApprovalRequested(Id, Question((ApprovalCauses)31), Minimal(), new RefusalFigures(), At);
        yield return new LedgerEvent.ApprovalAnswered(Id, true, "operator", "fine", At);
        yield return new LedgerEvent.ApprovalAnswered(Id, false, "operator", "", At);
        yield return new LedgerEvent.Granted(Id, BudgetOwner.Organization, null, usd, At, "operator", "reason");
        yield return new LedgerEvent.Granted(Id, BudgetOwner.Group("lab"), "exa", usd, At, "operator", "reason");
        yield return new LedgerEvent.GrantRevoked(Id, "operator", "reason");
        yield return new LedgerEvent.Frozen(Books.Me, "operator", "reason");
        yield return new LedgerEvent.Frozen(null, "operator", "reason");
        yield return new LedgerEvent.Unfrozen(Books.Me, "operator", "reason");
        yield return new LedgerEvent.Unfrozen(null, "operator", "reason");
    }

    private static ApprovalQuestion Question(ApprovalCauses causes) =>
        new(Books.Digest("binding"), Books.Me, causes, "policies.research.approval", TimeSpan.FromMilliseconds(30_001), TimeSpan.FromHours(1));

    // Every member with its value, lists and maps too; facts repeat what stands elsewhere and are compared by it.
    private static string Plain(JournalEntry entry) => JsonSerializer.Serialize<object>(entry switch
    {
        JournalEntry.Recorded recorded => recorded.Event,
        _ => entry,
    });

    private static byte[] Write(JournalEntry entry, out JournalLine line)
    {
        var output = new ArrayBufferWriter<byte>();
        line = new JournalWriter(0, default).Append(entry, At, output);
        Assert.Equal((byte)'\n', output.WrittenSpan[^1]);
        Assert.Equal(-1, output.WrittenSpan[..^1].IndexOf((byte)'\n'));
        return output.WrittenSpan[..^1].ToArray();
    }

    private static string TypeOf(JournalEntry entry)
    {
        using var document = JsonDocument.Parse(Write(entry, out _));
        return document.RootElement.GetProperty("type").GetString()!;
    }

    private static void Collect(JsonElement element, string prefix, HashSet<string> names)
    {
        foreach (var member in element.EnumerateObject())
        {
            names.Add(prefix + member.Name);
            var name = prefix + member.Name;
            foreach (var inner in member.Value.ValueKind == JsonValueKind.Array ? [.. member.Value.EnumerateArray()] : new[] { member.Value })
            {
                if (inner.ValueKind == JsonValueKind.Object && member.Name != "tags")
                {
                    Collect(inner, name + ".", names);
                }
            }
        }
    }
}
