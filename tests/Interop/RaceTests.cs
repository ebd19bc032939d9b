namespace SmartProxy.Interop.Tests;

/// <summary>The budget under concurrency, judged by what reached the seller and the chain.</summary>
public sealed class RaceTests(Laboratory laboratory) : InteropTest(laboratory)
{
    [Theory]
    [InlineData("https")]
    [InlineData("http")]
    [InlineData("http and https")]
    [Trait("invariant", "I1")]
    public async Task Two_hundred_requests_at_once_sign_exactly_as_many_payments_as_the_budget_holds(string schemes)
    {
        string[] origins = [.. schemes.Split(" and ").Select(scheme => scheme == "http" ? Lab.V2.Http : Lab.V2.Https)];
        for (var round = 0; round < (IsLong ? 50 : 1); round++)
        {
            await using var proxy = await ProxyProcess.InitAsync(Lab, """ "total": "0.10" """);
            await Lab.MintAsync(proxy.Wallet, 10_000_000);
            await proxy.StartAsync();
            var agents = new Agents(await proxy.EnvironmentAsync());
            var (mark, held, income) = ($"{Mark}-{round}", await Lab.BalanceAsync(proxy.Wallet), await Lab.BalanceAsync(Lab.V2.PayTo));

            var answers = await agents.AskManyAsync(Enumerable.Range(0, 200).Select(n => $"{origins[n % origins.Length]}/paid?m={mark}-{n}"), parallel: 200);

            Assert.Equal((UInt128)100_000, held - await Lab.BalanceAsync(proxy.Wallet));
            Assert.Equal((UInt128)100_000, await Lab.BalanceAsync(Lab.V2.PayTo) - income);
            Assert.Equal(10, (await Lab.NoncesAsync(mark)).Length);
            Assert.Equal(10, answers.Count(answer => answer.Status == 200));
            Assert.Equal(190, answers.Count(answer => answer.Status == 403 && answer.Reason == "budget_exceeded"));
        }
    }

    [Fact]
    public async Task A_seller_that_keeps_signatures_and_asks_again_gets_no_more_than_the_budget()
    {
        await StartProxyAsync(""" "total": "0.10" """);
        var agents = new Agents(await Proxy.EnvironmentAsync());
        var before = await Lab.BalanceAsync(Proxy.Wallet);

        var answers = await agents.AskManyAsync(Enumerable.Range(0, 100).Select(n => $"{Lab.Hostile.Http}/keep?m={Mark}-{n}"), parallel: 20);

        Assert.DoesNotContain(answers, answer => answer.Status == 200);
        Assert.Equal(10, (await Lab.NoncesAsync(Mark)).Length);
        Assert.Equal(10, await Lab.SettleKeptAsync(Mark));
        Assert.Equal((UInt128)100_000, before - await Lab.BalanceAsync(Proxy.Wallet));
    }

    [Theory]
    [InlineData("/keep")]
    [InlineData("/dearer")]
    [InlineData("/false")]
    [InlineData("/500")]
    [InlineData("/drop")]
    [InlineData("/liar")]
    [InlineData("/silent")]
    [InlineData("/moved")]
    [InlineData("/twice")]
    [Trait("invariant", "I1")]
    [Trait("invariant", "I3")]
    [Trait("invariant", "I4")]
    public async Task Whatever_a_hostile_seller_does_one_request_is_signed_once_and_stays_counted(string mode)
    {
        await StartProxyAsync(""" "total": "0.01" """);
        var agents = new Agents(await Proxy.EnvironmentAsync());
        var before = await Lab.BalanceAsync(Proxy.Wallet);

        await agents.AskAsync("node", $"{Lab.Hostile.Http}{mode}?m={Mark}-first");
        var next = await agents.AskAsync("node", $"{Lab.V2.Http}/paid?m={Mark}-next");

        Assert.Single(await Lab.NoncesAsync(Mark + "-first"));
        Assert.True(next is { Status: 403, Reason: "budget_exceeded" }, next.ToString());
        Assert.Empty(await Lab.NoncesAsync(Mark + "-next"));

        // Late, the seller charges whatever it was given and may have charged before: the chain moves the price once.
        await Lab.SettleKeptAsync(Mark);
        Assert.Equal((UInt128)10_000, before - await Lab.BalanceAsync(Proxy.Wallet));
    }

    [Fact]
    public async Task A_twin_of_a_request_that_is_being_paid_is_told_so()
    {
        await StartProxyAsync();
        var agents = new Agents(await Proxy.EnvironmentAsync());
        var url = $"{Lab.Hostile.Http}/slow?gate={Mark}";

        var first = agents.AskAsync("node", url);
        await UntilPaidAsync();
        var twin = await agents.AskAsync("node", url);
        await Lab.OpenAsync(Mark);

        Assert.True(twin is { Status: 409, Reason: "payment_in_progress" }, twin.ToString());
        Assert.Equal(200, (await first).Status);
        Assert.Single(await Lab.NoncesAsync(Mark));
    }

    private async Task UntilPaidAsync()
    {
        using var again = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while ((await Lab.NoncesAsync(Mark)).Length == 0)
        {
            await again.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }
}
