using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using SmartProxy.Installation;
using SmartProxy.Ledger;

namespace SmartProxy.Faults.Tests;

/// <summary>
/// The product itself, over http, is told to die at a named edge (<see cref="CrashPoint"/>) while agents pay, an operator freezes and the policy changes.
/// With <c>SMARTPROXY_LONG=1</c> at the first to fifth time of each edge, and started again after every one.
/// </summary>
public sealed class CrashPointTests
{
    private const int Lanes = 3;
    private const int MostPayments = 100;

    // In the order in which a start, and then a payment, reaches them.
    private static readonly string[] Edges =
    [
        "journal-opened", "head-opened", "folder-synced", "journal-cut", "head-written", "head-written#2", "head-synced",
        "anchor-beside", "anchor-renamed", "policy-judged", "journal-write", "journal-written", "journal-synced", "head-written#4", "batch-durable",
        "recorded-PolicyActivated", "batch-answered", "policy-recorded", "index-applying", "index-applied", "run-beside", "run-renamed",
        "reserved", "signed", "sending", "recorded-Sent", "answered", "booked", "passed-on", "recorded-Settled", "recorded-InDoubt", "receipt-made", "receipt-stored",
        "freeze-pressed", "recorded-Frozen", "recorded-PolicyActivated#2", "policy-recorded#2",
    ];

    // A process comes by these once in its life.
    private static readonly string[] Once = ["journal-opened", "head-opened", "folder-synced", "journal-cut", "run-beside", "run-renamed"];

    // Where more than the journal is at stake, the product is started again also in the short form.
    private static readonly string[] Restarted = ["journal-cut", "anchor-renamed", "policy-recorded#2", "index-applying", "run-beside", "receipt-made", "signed", "segment-made", "segment-written", "digest-torn"];

    // A segment is full and a digest has its lines: in the order in which the first payments reach them.
    private static readonly string[] SegmentEdges =
        ["segment-begins", "segment-made", "segment-named", "segment-written", "segment-synced", "digest-write", "digest-torn", "digest-written"];

    // A start finds good lines beyond the head, and writes them once more.
    private static readonly string[] TailEdges = ["tail-copied", "tail-renamed", "tail-named", "journal-cut", "head-write", "head-written", "head-synced"];

    [Fact, Trait("invariant", "I2"), Trait("invariant", "I3"), Trait("invariant", "I9")]
    public async Task At_whatever_edge_it_dies_the_books_hold_what_agents_and_sellers_know()
    {
        await using var seller = await Seller.StartAsync();
        using var template = await Installation.MakeAsync(seller.Authority, Limits(0), settings => settings["Ledger"] = new JsonObject { ["Anchor"] = "anchor.json" });
        var edges = Long.Is ? Edges.SelectMany(edge => Once.Contains(edge) || edge.Contains('#', StringComparison.Ordinal) ? [edge] : Enumerable.Range(1, 5).Select(time => $"{edge}#{time}")).Distinct() : Edges;
        await EachAsync(template, edges, (installation, edge) => DieAsync(installation, seller, edge));
    }

    [Fact, Trait("invariant", "I2"), Trait("invariant", "I9")]
    public async Task At_whatever_edge_of_a_new_segment_or_of_the_digest_it_dies_the_books_hold_what_agents_and_sellers_know()
    {
        await using var seller = await Seller.StartAsync();
        using var template = await Installation.MakeAsync(seller.Authority, Limits(0), settings => settings["Ledger"] = new JsonObject { ["SegmentMiB"] = 1 });
        await template.FillSegmentAsync();
        await EachAsync(template, SegmentEdges, (installation, edge) => DieAsync(installation, seller, edge));
    }

    [Theory, Trait("invariant", "I2"), Trait("invariant", "I9")]
    [InlineData("lines-written#3")] // The lines get a segment after the last.
    [InlineData("segment-written")] // They take its place.
    public async Task A_start_that_dies_while_it_saves_what_an_earlier_death_left_loses_nothing(string first)
    {
        await using var seller = await Seller.StartAsync();
        using var left = await Installation.MakeAsync(seller.Authority, Limits(0), settings => settings["Ledger"] = new JsonObject { ["SegmentMiB"] = 1 });
        await left.FillSegmentAsync();
        await using var proxy = await ProxyProcess.StartAsync(left, new Dictionary<string, string> { [CrashPoint.Variable] = first });
        var (receipts, _) = await UseUntilItDiesAsync(left, proxy, seller, first);
        Assert.Equal(ProxyProcess.Killed, await proxy.Ended);
        await EachAsync(left, TailEdges, async (installation, edge) =>
        {
            await using var start = await ProxyProcess.StartAsync(installation, new Dictionary<string, string> { [CrashPoint.Variable] = edge });
            Assert.True(await start.Ended == ProxyProcess.Killed, "it did not die: " + start.Said);
            await Evidence.CheckAsync(installation, receipts, seller.Nonces, MostPayments);
        });
    }

    [Fact]
    public async Task In_the_middle_of_an_answer_that_was_paid_nothing_is_lost()
    {
        await using var seller = await Seller.StartAsync();
        using var installation = await Installation.MakeAsync(seller.Authority, Limits(0));
        await using var proxy = await ProxyProcess.StartAsync(installation);
        var receipt = await proxy.ReceiptOfHeadAsync(seller.Url("/half/1"));
        proxy.Kill();
        Assert.Equal(ProxyProcess.Killed, await proxy.Ended);
        Assert.Equal(1, await Evidence.CheckAsync(installation, [receipt], seller.Nonces, MostPayments));
    }

    [Theory]
    [InlineData("credentials-beside")]
    [InlineData("credentials-renamed")]
    public async Task A_token_that_was_given_out_is_good_whenever_the_next_one_fails(string edge)
    {
        await using var seller = await Seller.StartAsync();
        using var installation = await Installation.MakeAsync(seller.Authority, Limits(0));
        var (code, _) = await ProxyProcess.CommandAsync(new Dictionary<string, string> { [CrashPoint.Variable] = edge }, [], "agent", "rotate", "me", "--data", installation.Data.Path);
        Assert.Equal(ProxyProcess.Killed, code);
        await using var proxy = await ProxyProcess.StartAsync(installation);
        Assert.Equal(200, (await proxy.AskAsync(seller.Url("/paid/1"))).Status);
    }

    private static async Task EachAsync(Installation template, IEnumerable<string> edges, Func<Installation, string, Task> act)
    {
        var found = new ConcurrentBag<string>();
        await Parallel.ForEachAsync(edges, new ParallelOptions { MaxDegreeOfParallelism = Lanes, CancellationToken = TestContext.Current.CancellationToken }, async (edge, _) =>
        {
            try
            {
                using var installation = template.Copy();
                await act(installation, edge);
            }
            catch (Exception e)
            {
                found.Add($"{edge}: {e}");
            }
        });
        Assert.Empty(found);
    }

    // Tells the requests of one edge from those of the others at the seller.
    private static string MarkOf(string edge) => $"/{edge.Replace('#', '-')}/";

    private static string Limits(int number) => $""" "payment": "0.0{(number % 2) + 5}", "total": "1.00" """;

    private static async Task DieAsync(Installation installation, Seller seller, string edge)
    {
        if (edge.StartsWith("journal-cut", StringComparison.Ordinal))
        {
            await File.AppendAllTextAsync(installation.JournalFiles[^1], "{\"v\":1,\"se");
        }

        await using var proxy = await ProxyProcess.StartAsync(installation, new Dictionary<string, string> { [CrashPoint.Variable] = edge });
        var (receipts, freezes) = await UseUntilItDiesAsync(installation, proxy, seller, edge);
        Assert.True(await proxy.Ended == ProxyProcess.Killed, "it did not die: " + proxy.Said);
        await Evidence.CheckAsync(installation, receipts, seller.NoncesAt(MarkOf(edge)), MostPayments);
        var frozen = installation.Journal().Select(line => line.Entry).OfType<JournalEntry.Recorded>().Select(entry => entry.Event).OfType<LedgerEvent.Frozen>().Select(freeze => freeze.Reason).ToList();
        Assert.All(freezes, reason => Assert.Contains(reason, frozen));
        if (Long.Is || Restarted.Contains(edge))
        {
            await using var again = await ProxyProcess.StartAsync(installation);
            Assert.False(again.HasExited, again.Said);
            var paid = await again.AskAsync(seller.Url($"/paid{MarkOf(edge)}again"));
            Assert.True(paid.Status == 200, $"{paid} {again.Said}");
        }
    }

    // Everything that can reach an edge, over and over. Gives what was acknowledged: receipts of payments, reasons of freezes.
    private static async Task<(List<string> Receipts, List<string> Freezes)> UseUntilItDiesAsync(Installation installation, ProxyProcess proxy, Seller seller, string edge)
    {
        var (receipts, freezes) = (new List<string>(), new List<string>());
        for (var turn = 0; turn < 100 && !proxy.HasExited; turn++)
        {
            var reason = $"turn {turn}";
            var freeze = proxy.OrderAsync("/v1/freeze", $$"""{"agent":"somebody","reason":"{{reason}}"}""");
            var answers = await Task.WhenAll(proxy.AskAsync(seller.Url($"/paid{MarkOf(edge)}{turn}/a")), proxy.AskAsync(seller.Url($"/paid{MarkOf(edge)}{turn}/b")), proxy.AskAsync(seller.Url($"/keep{MarkOf(edge)}{turn}")));
            receipts.AddRange(answers.Where(answer => answer.Status == 200 || answer.Reason == "payment_not_accepted").Select(answer => answer.Receipt!));
            if (await freeze == HttpStatusCode.OK)
            {
                freezes.Add(reason);
            }

            installation.WritePolicy(seller.Authority, Limits(turn + 1));
        }

        return (receipts, freezes);
    }
}
