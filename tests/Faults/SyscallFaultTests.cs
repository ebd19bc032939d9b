using System.Net;
using System.Text.Json.Nodes;

namespace SmartProxy.Faults.Tests;

/// <summary>
/// The kernel says no: writes and syncs of the running product fail by <c>strace</c>. After the first failure nothing is signed any more, the agent and
/// the operator are told why, also when the disk works again, and after a start the books are whole. With <c>SMARTPROXY_LONG=1</c> every error after each
/// of several numbers of payments.
/// </summary>
public sealed class SyscallFaultTests
{
    private const string Limits = """ "total": "1.00" """;
    private const int MostPayments = 100;

    private static readonly string[] Errors = ["error=EIO", "error=ENOSPC", "error=EDQUOT", "error=EROFS", "error=EINTR"];

    public static TheoryData<string, string, string, int> WhilePaying()
    {
        var few = new TheoryData<string, string, string, int>
        {
            { "journal", "pwrite64", "error=ENOSPC", 0 },
            { "journal", "pwrite64", "retval=40", 2 },
            { "journal", "fdatasync", "error=EIO", 1 },
            { "head", "pwrite64", "error=EDQUOT", 1 },
        };
        var all = from file in new[] { "journal", "head" }
                  from call in file == "journal" ? new[] { "pwrite64", "fdatasync" } : ["pwrite64"]
                  from fault in call == "pwrite64" ? [.. Errors, "retval=0", "retval=1", "retval=255"] : Errors
                  from payments in new[] { 0, 1, 4, 9 }
                  select (file, call, fault, payments);
        return Long.Is ? [.. all] : few;
    }

    [Theory, MemberData(nameof(WhilePaying)), Trait("invariant", "I10")]
    public async Task After_the_first_fault_nothing_is_signed_and_everybody_is_told(string file, string call, string fault, int payments)
    {
        Strace.Require();
        await using var seller = await Seller.StartAsync();
        using var installation = await Installation.MakeAsync(seller.Authority, Limits);
        await using var proxy = await ProxyProcess.StartAsync(installation);
        var receipts = new List<string>();
        for (var number = 0; number < payments; number++)
        {
            receipts.Add((await proxy.AskAsync(seller.Url($"/paid/{number}"))).Receipt!);
        }

        var signed = seller.Nonces.Count;
        await using (await Strace.AttachAsync(proxy.Id, file == "head" ? Path.Combine(installation.LedgerFolder, "head.jsonl") : installation.JournalFiles[^1], call, fault))
        {
            // Together, so that some are decided in the batch that fails and some after it.
            var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(number => proxy.AskAsync(seller.Url($"/paid/fault/{number}"))));
            Assert.All(answers, answer => Assert.Equal((503, "ledger_unavailable"), (answer.Status, answer.Reason)));
        }

        // The disk works again, and that proves nothing about what was lost.
        Assert.Equal("ledger_unavailable", (await proxy.AskAsync(seller.Url("/paid/later"))).Reason);
        Assert.Equal(signed, seller.Nonces.Count);
        Assert.Contains("the journal failed and nothing is paid any more", await proxy.HealthAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await proxy.OrderAsync("/v1/freeze", """{"reason":"too late"}"""));

        await proxy.StopAsync();
        await Evidence.CheckAsync(installation, receipts, seller.Nonces, MostPayments);
        await AssertPaysAsync(installation, seller);
    }

    [Theory]
    [InlineData("journal", "openat", "error=EROFS")]
    [InlineData("journal", "pwrite64", "error=ENOSPC")]
    [InlineData("journal", "ftruncate", "error=EIO")]
    [InlineData("folder", "fsync", "error=EIO")]
    [InlineData("head", "pwrite64", "error=EIO")]
    [Trait("invariant", "I10")]
    public async Task A_start_on_a_failing_disk_signs_nothing_and_says_so(string file, string call, string fault)
    {
        Strace.Require();
        await using var seller = await Seller.StartAsync();
        using var installation = await Installation.MakeAsync(seller.Authority, Limits);
        await File.AppendAllTextAsync(installation.JournalFiles[^1], "{\"v\":1,\"torn", TestContext.Current.CancellationToken);
        var path = file switch { "folder" => installation.LedgerFolder, "head" => Path.Combine(installation.LedgerFolder, "head.jsonl"), _ => installation.JournalFiles[^1] };
        await using (var proxy = await ProxyProcess.StartAsync(installation, environment: null, Strace.Wrapper(path, call, fault)))
        {
            if (proxy.HasExited)
            {
                Assert.Contains("ledger", proxy.Said, StringComparison.Ordinal);
            }
            else
            {
                // Without a policy on record not even the seller's port is open.
                Assert.Equal("port_not_allowed", (await proxy.AskAsync(seller.Url("/paid/1"))).Reason);
                Assert.Contains("nothing is paid", await proxy.HealthAsync(), StringComparison.Ordinal);
            }
        }

        Assert.Empty(seller.Nonces);
        await AssertPaysAsync(installation, seller);
    }

    [Fact]
    public async Task An_index_that_can_not_be_written_stops_nothing_because_it_decides_nothing()
    {
        Strace.Require();
        await using var seller = await Seller.StartAsync();
        using var installation = await Installation.MakeAsync(seller.Authority, Limits);
        await using var proxy = await ProxyProcess.StartAsync(installation);
        var index = Path.Combine(installation.Data.Path, "index-log.db");
        Answer answer;
        await using (await Strace.AttachAsync(proxy.Id, index, "write,pwrite64,fsync", "error=EIO"))
        {
            answer = await proxy.AskAsync(seller.Url("/paid/1"));
        }

        Assert.Equal(200, answer.Status);
        await proxy.StopAsync();
        await Evidence.CheckAsync(installation, [answer.Receipt!], seller.Nonces, MostPayments);
    }

    // strace knows a rename by its first path.
    [Fact]
    public async Task An_anchor_that_can_not_be_replaced_is_told_and_stops_nothing()
    {
        Strace.Require();
        await using var seller = await Seller.StartAsync();
        using var installation = await Installation.MakeAsync(seller.Authority, Limits, settings => settings["Ledger"] = new JsonObject { ["Anchor"] = "anchor.json" });
        await using var proxy = await ProxyProcess.StartAsync(installation);
        await using var fault = await Strace.AttachAsync(proxy.Id, installation.AnchorFile + ".new", "rename,renameat,renameat2", "error=EIO");
        Assert.Equal(200, (await proxy.AskAsync(seller.Url("/paid/1"))).Status);
        using var again = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        var health = "";
        for (var turn = 0; turn < 400 && !health.Contains("anchor", StringComparison.Ordinal); turn++)
        {
            await again.WaitForNextTickAsync(TestContext.Current.CancellationToken);
            health = await proxy.HealthAsync();
        }

        Assert.Contains("would not be noticed", health, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("write,pwrite64", "error=ENOSPC")]
    [InlineData("fsync", "error=EIO")]
    [InlineData("rename,renameat,renameat2", "error=EIO")]
    public async Task Tokens_that_can_not_be_replaced_stay_as_they_were(string call, string fault)
    {
        Strace.Require();
        await using var seller = await Seller.StartAsync();
        using var installation = await Installation.MakeAsync(seller.Authority, Limits);
        var (code, said) = await ProxyProcess.CommandAsync(new Dictionary<string, string>(), Strace.Wrapper(installation.Data.Credentials + ".new", call, fault), "agent", "add", "other", "--data", installation.Data.Path);
        Assert.True(code != 0, said);
        await AssertPaysAsync(installation, seller);
    }

    private static async Task AssertPaysAsync(Installation installation, Seller seller)
    {
        await using var proxy = await ProxyProcess.StartAsync(installation);
        var answer = await proxy.AskAsync(seller.Url("/paid/after"));
        Assert.True(answer.Status == 200, $"{answer} {proxy.Said}");
    }
}
