using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using SmartProxy.Ledger;
using SmartProxy.Policies.Simulation;
using SmartProxy.Policy;
using SmartProxy.Protocol;
using SmartProxy.Storage;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Policies.Simulation;

/// <summary>What another policy would have made of the past, with sums of its own.</summary>
public sealed class PolicySimulationTests
{
    private const string Team = """
        { "networks": ["base-sepolia"], "timeZone": "Europe/Berlin",
          "organization": { "limits": { "day": "4.00", "month": "60.00" } },
          "merchants": { "exa": { "hosts": "api.exa.ai", "category": "search", "limits": { "day": "2.00" } }, "papers": { "hosts": ["papers.example", "*.papers.example"], "category": "data" } },
          "groups": { "lab": { "limits": { "1h": "0.40", "week": "8.00" } } },
          "policies": { "research": { "group": "lab", "allow": ["exa", "category:data", "other.example"], "deny": ["casino.example"],
            "limits": { "payment": "0.10", "day": "1.00", "each": { "merchant": { "24h": "0.70" } }, "in": { "category:search": { "day": "0.50" } } } } },
          "agents": { "r-*": { "policy": "research" }, "me": { "allow": ["*"], "limits": { "payment": "0.08", "3h": "0.30", "total": "30.00" } } } }
        """;

    private static readonly string Tightened = Team
        .Replace("\"organization\": { \"limits\": { \"day\": \"4.00\", \"month\": \"60.00\" } },", "", StringComparison.Ordinal)
        .Replace(", \"limits\": { \"day\": \"2.00\" } }, \"papers\"", " }, \"papers\"", StringComparison.Ordinal)
        .Replace("\"payment\": \"0.08\", \"3h\": \"0.30\", \"total\": \"30.00\"", "\"payment\": \"0.05\", \"total\": \"3.00\"", StringComparison.Ordinal);

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void The_same_policy_over_its_own_past_changes_nothing(int seed)
    {
        var policy = History.Policy(Team);
        var report = Simulate(policy, new History(policy, seed).Add(3000).Lines);

        Assert.Empty(report.Differences);
        Assert.Equal(3000, report.Decisions);
        Assert.NotEqual(0, report.StillPaid.Payments);
        Assert.NotEqual(0, report.StillRefused.Payments);
    }

    /// <summary>The payments before that time count as they were, so the sums at the seam are those of the record.</summary>
    [Theory, InlineData(1), InlineData(500), InlineData(1500)]
    public void The_same_policy_from_any_time_on_changes_nothing(int from)
    {
        var policy = History.Policy(Team);
        var lines = new History(policy, 11).Add(2000).Lines;
        var since = lines.Where(line => line.Entry is JournalEntry.Reserved).ElementAt(Math.Min(from, lines.Count(line => line.Entry is JournalEntry.Reserved) - 1)).At;
        var report = Simulate(policy, lines, since);

        Assert.Empty(report.Differences);
        Assert.InRange(report.Decisions, 1, 1999);
    }

    [Theory, InlineData(4), InlineData(5), InlineData(6)]
    public void What_a_tightened_policy_refuses_is_what_a_recount_refuses(int seed)
    {
        var lines = new History(History.Policy(Team), seed).Add(2000).Lines;
        var report = Simulate(History.Policy(Tightened), lines);

        // Of `me` alone, whose limits are its own there: above 5 cents, or beyond what is left of 3 dollars. What was refused then is asked again, too.
        var (kept, refused, allowed, by) = (Usd.Zero, new Tally(), new Tally(), new Dictionary<string, long>());
        var open = new Dictionary<PaymentId, Usd>();
        foreach (var line in lines)
        {
            switch (line.Entry)
            {
                case JournalEntry.Reserved { Facts: { Agent.Value: "me" } facts } reserved when Objection(facts.Value) is { } reason:
                    refused = refused.Plus(facts.Value);
                    by[reason] = by.GetValueOrDefault(reason) + 1;
                    break;
                case JournalEntry.Reserved { Facts: { Agent.Value: "me" } facts } reserved:
                    (kept, open[reserved.Id]) = (kept.Plus(facts.Value), facts.Value);
                    break;
                case JournalEntry.Recorded { Event: LedgerEvent.Refused { Agent.Value: "me" } again } when Objection(again.Figures.Price!.Value) is null:
                    (kept, allowed) = (kept.Plus(again.Figures.Price.Value), allowed.Plus(again.Figures.Price));
                    break;
                case JournalEntry.Recorded { Event: LedgerEvent.Aborted aborted } when open.Remove(aborted.Payment, out var freed):
                    kept = kept.Less(freed);
                    break;
            }
        }

        Assert.Equal(allowed, Sum(report, DifferenceKind.NewlyAllowed));
        Assert.Equal(refused, Sum(report, DifferenceKind.NewlyRefused));
        var mine = report.Differences.Where(entry => entry.Difference is { Kind: DifferenceKind.NewlyRefused, Agent.Value: "me" }).ToList();
        Assert.Equal(by, mine.GroupBy(entry => entry.Difference.Reason).ToDictionary(group => group.Key, group => group.Sum(entry => entry.Tally.Payments)));
        Assert.Equal(2, by.Count);
        Assert.Contains(mine, entry => entry.Difference.Rule == "agents.me.limits.total");

        string? Objection(Usd value) => value.Micros > 50_000 ? "amount_over_payment_limit" : value.Micros > new Usd(3_000_000).Less(kept).Micros ? "budget_exceeded" : null;

        static Tally Sum(SimulationReport report, DifferenceKind kind) => report.Differences.Where(entry => entry.Difference.Kind == kind && entry.Difference.Agent.Value == "me")
            .Aggregate(default(Tally), (sum, entry) => new Tally(sum.Payments + entry.Tally.Payments, sum.Value.Plus(entry.Tally.Value)));
    }

    [Fact]
    public void What_is_newly_refused_leaves_room_for_what_was_refused_then()
    {
        var history = new History(History.Policy(OfMe(""" "payment": "1.00", "day": "0.06" """)), 1);
        history.Ask("me", "https://api.exa.ai", 50_000, Bytes32.Sha256("1"u8));
        history.Ask("me", "https://api.exa.ai", 20_000, Bytes32.Sha256("2"u8));
        var report = Simulate(History.Policy(OfMe(""" "payment": "0.04", "day": "0.06" """)), history.Lines);

        Assert.Equal(
            ["NewlyRefused me https://api.exa.ai amount_over_payment_limit agents.me.limits.payment: 1, 0.05", "NewlyAllowed me https://api.exa.ai budget_exceeded agents.me.allow[0] *: 1, 0.02"],
            report.Differences.Select(Words));
    }

    [Fact]
    public void What_is_newly_allowed_is_spent_in_the_sums_that_follow()
    {
        var history = new History(History.Policy(OfMe(""" "payment": "0.01", "day": "0.10" """)), 1);
        for (var i = 0; i < 5; i++)
        {
            history.Ask("me", "https://api.exa.ai", 30_000, Bytes32.Sha256("1"u8));
        }

        var report = Simulate(History.Policy(OfMe(""" "payment": "0.03", "day": "0.10" """)), history.Lines);
        Assert.Equal((new Tally(3, new Usd(90_000)), new Tally(2, new Usd(60_000))), (report.Of(DifferenceKind.NewlyAllowed), report.StillRefused));
    }

    [Fact]
    public void What_no_policy_decides_and_what_the_record_does_not_tell_is_counted_apart()
    {
        var policy = History.Policy(OfMe(""" "day": "0.10" """));
        var history = new History(policy, 1);
        history.Ask("me", "https://api.exa.ai", 30_000, Bytes32.Sha256("1"u8));
        var paid = (JournalEntry.Reserved)history.Lines[^1].Entry;
        foreach (var (reason, i) in ((string[])["frozen", "payment_in_progress", "body_not_replayable", "amount_over_max_price", "asset_domain_mismatch", "asset_domain_mismatch"]).Select((reason, i) => (reason, i)))
        {
            Refuse(reason, i, new RefusalFigures(PayTo: paid.Facts.PayTo, Network: paid.Facts.Network, Asset: paid.Facts.Asset, Amount: "1"));
        }

        Refuse("merchant_not_allowed", 20, new RefusalFigures());
        var report = Simulate(policy, history.Lines);

        Assert.Equal(["amount_over_max_price 1", "body_not_replayable 1", "frozen 1", "payment_in_progress 1"], report.OutsideByReason.Select(count => $"{count.Key} {count.Value}"));
        Assert.Equal(["asset_domain_mismatch 2", "merchant_not_allowed 1"], report.NotRebuiltByReason.Select(count => $"{count.Key} {count.Value}"));
        Assert.Equal((8, 1), (report.Decisions, report.StillPaid.Payments));
        Assert.Empty(report.Differences);

        void Refuse(string reason, int number, RefusalFigures figures) => history.Record(new LedgerEvent.Refused(
            PaymentId.Create(History.Start, [1, 2, 3, 4, 5, 6, 7, 8, 9, (byte)number]), paid.Facts.Agent, reason, paid.Context, figures, default, default, policy.Hash));
    }

    [Fact]
    public void Repetitions_of_one_refusal_are_one_decision()
    {
        var strict = History.Policy(OfMe(""" "payment": "0.01" """));
        var history = new History(strict, 1);
        history.Ask("me", "https://api.exa.ai", 30_000, Bytes32.Sha256("1"u8));
        var first = (LedgerEvent.Refused)((JournalEntry.Recorded)history.Lines[^1].Entry).Event;
        history.Wait(TimeSpan.FromMinutes(1));
        history.Record(first with { Count = 40 });

        var same = Simulate(strict, history.Lines);
        Assert.Equal((1, 39, 1), (same.Decisions, same.Repetitions, same.StillRefused.Payments));
        var wide = Simulate(History.Policy(OfMe(""" "payment": "0.03" """)), history.Lines);
        Assert.Equal((1, new Tally(1, new Usd(30_000))), (wide.Decisions, wide.Of(DifferenceKind.NewlyAllowed)));
    }

    [Fact]
    public void Other_recipients_are_refused_by_a_pin_of_the_simulations_own()
    {
        const string any = """{ "networks": ["base-sepolia"], "agents": { "me": { "allow": ["*"], "recipients": "any" } } }""";
        var history = new History(History.Policy(any), 1);
        history.Ask("me", "https://api.exa.ai", 1, Bytes32.Sha256("1"u8));
        history.Ask("me", "https://api.exa.ai", 2, Bytes32.Sha256("2"u8), payTo: "0x3333333333333333333333333333333333333333");
        var report = Simulate(History.Policy(any.Replace("any", "pin", StringComparison.Ordinal)), history.Lines);

        Assert.Equal(["NewlyRefused me https://api.exa.ai recipient_changed agents.me.allow[0] *: 1, 0.000002"], report.Differences.Select(Words));
    }

    [Fact]
    public void The_command_reads_a_data_folder_and_says_what_would_have_changed()
    {
        using var folder = new TempFolder();
        History.WriteTo(folder.Path, History.Policy(Team), 9, 400);
        File.WriteAllText(folder.File("new.json"), Team.Replace("\"payment\": \"0.10\"", "\"payment\": \"0.05\"", StringComparison.Ordinal));

        var (code, text) = Run(folder, "new.json", json: false);
        Assert.Equal(0, code);
        Assert.StartsWith("400 recorded decisions (all of them) under policy 0x", text, StringComparison.Ordinal);
        Assert.Matches(@"would have been refused: \d+ payments, \d+\.\d+ USD\n  r-\d at ", text);
        Assert.Contains("amount_over_payment_limit by policies.research.limits.payment", text, StringComparison.Ordinal);

        var (_, json) = Run(folder, "new.json", json: true);
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        Assert.Equal(400, root.GetProperty("decisions").GetInt32());
        var refused = root.GetProperty("differences").EnumerateArray().Where(difference => difference.GetProperty("kind").GetString() == "newly_refused").ToList();
        Assert.Equal(root.GetProperty("newlyRefused").GetProperty("payments").GetInt64(), refused.Sum(difference => difference.GetProperty("payments").GetInt64()));
        Assert.NotEmpty(refused);
    }

    [Fact]
    public void A_journal_that_is_written_right_now_is_read_up_to_its_last_whole_line()
    {
        using var folder = new TempFolder();
        History.WriteTo(folder.Path, History.Policy(Team), 9, 50);
        File.WriteAllText(folder.File("new.json"), Team);
        using var writer = new FileStream(JournalFiles.JournalIn(folder.Path), FileMode.Append, FileAccess.Write, FileShare.Read);
        writer.Write("{\"v\":1,\"seq\":9999,\"prev\":\"00"u8);
        writer.Flush();

        var (code, text) = Run(folder, "new.json", json: false);
        Assert.Equal(0, code);
        Assert.StartsWith("50 recorded decisions", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no journal", 2, "expected the data folder of an installation, found: ")]
    [InlineData("a broken line", 2, "run `smartproxy ledger verify`")]
    [InlineData("a broken policy", 1, "new.json:1: ")]
    public void What_can_not_be_read_is_said_in_one_line(string what, int code, string says)
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder.File("new.json"), what == "a broken policy" ? "{" : Team);
        if (what != "no journal")
        {
            History.WriteTo(folder.Path, History.Policy(Team), 9, 5);
            File.AppendAllText(JournalFiles.JournalIn(folder.Path), "{ }\n");
        }

        var (exit, text) = Run(folder, "new.json", json: false);
        Assert.Equal(code, exit);
        Assert.Contains(says, Assert.Single(text.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public void A_bar_is_shown_only_where_somebody_watches_and_only_when_it_takes_a_while()
    {
        var time = new FakeTimeProvider();
        using var terminal = new StringWriter();
        var (watched, unwatched) = (new ProgressBar(terminal, isWatched: true, time), new ProgressBar(terminal, isWatched: false, time));
        watched.Show(1, 100);
        watched.Clear();
        time.Advance(TimeSpan.FromSeconds(2));
        unwatched.Show(50, 100);
        Assert.Equal("", terminal.ToString());

        watched.Show(50, 100);
        watched.Clear();
        Assert.Equal("\r[###############...............]  50 %  2 s\r\u001b[K", terminal.ToString());
    }

    private static (int Code, string Text) Run(TempFolder folder, string policy, bool json)
    {
        using var output = new StringWriter { NewLine = "\n" };
        var code = new PolicySimulate(AssetRegistry.Default, TimeProvider.System).Run(folder.File(policy), folder.Path, null, json, output, new ProgressBar(TextWriter.Null, false, TimeProvider.System));
        return (code, output.ToString());
    }

    private static string OfMe(string limits) => """{ "networks": ["base-sepolia"], "agents": { "me": { "allow": ["*"], "limits": { LIMITS } } } }""".Replace("LIMITS", limits, StringComparison.Ordinal);

    private static string Words((Difference Difference, Tally Tally) entry) =>
        $"{entry.Difference.Kind} {entry.Difference.Agent} {entry.Difference.Merchant} {entry.Difference.Reason} {entry.Difference.Rule}: {entry.Tally.Payments}, {entry.Tally.Value}";

    private static SimulationReport Simulate(PolicySet policy, List<JournalLine> lines, DateTimeOffset? since = null)
    {
        var simulation = new PolicySimulation(policy, since ?? DateTimeOffset.MinValue);
        lines.ForEach(simulation.Take);
        return simulation.Report;
    }
}
