namespace SmartProxy.Interop.Tests;

/// <summary><c>kill -9</c> under paying load: what a seller can hold is always in the books.</summary>
public sealed class KillTests(Laboratory laboratory) : InteropTest(laboratory)
{
    [Fact]
    public async Task After_kill_every_nonce_at_the_seller_and_every_paid_answer_is_in_the_ledger()
    {
        await StartProxyAsync(""" "total": "9.00" """);
        var agents = new Agents(await Proxy.EnvironmentAsync());
        for (var round = 0; round < (IsLong ? 50 : 10); round++)
        {
            var mark = $"{Mark}-{round}-";
            var paid = await KillUnderLoadAsync(agents, mark, answersBeforeDeath: 1 + (round % 7));

            await CheckBooksAsync(mark, paid);

            // A crash may leave the last batch without its head; the next start settles the end, and must lose nothing.
            await Proxy.StartAsync();
            await CheckBooksAsync(mark, paid);
            if (round % 10 == 9)
            {
                await VerifyAsync();
            }
        }
    }

    private async Task VerifyAsync()
    {
        await Proxy.StopAsync();
        var verified = await Proxy.CliAsync("ledger", "verify", "--data", Proxy.Data);
        Assert.True(verified.ExitCode == 0, verified.Output + verified.Error);
        await Proxy.StartAsync();
    }

    /// <summary>Kills after so many paid answers, while others are under way. Gives the URLs whose paid answers the agent saw.</summary>
    private async Task<string[]> KillUnderLoadAsync(Agents agents, string mark, int answersBeforeDeath)
    {
        var paid = 0;
        var death = Task.CompletedTask;
        var answers = await agents.AskManyAsync(Enumerable.Range(0, 16).Select(n => $"{Lab.V2.Http}/paid?m={mark}{n}"), parallel: 8, answer =>
        {
            if (answer.Status == 200 && ++paid == answersBeforeDeath)
            {
                death = Proxy.KillAsync();
            }
        });

        Assert.True(paid >= answersBeforeDeath, string.Join('\n', answers));
        await death;
        return [.. answers.Where(answer => answer.Status == 200).Select(answer => answer.Url)];
    }

    private async Task CheckBooksAsync(string mark, string[] paidUrls)
    {
        var lines = Proxy.ReadJournal();
        var booked = lines.Where(line => line.GetProperty("type").ValueEquals("reserved"u8))
            .Select(line => line.GetProperty("authorization").GetProperty("nonce").GetString()!)
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        var seen = await Lab.SeenAsync(mark);

        Assert.All(seen.Where(request => request.Paid), request => Assert.Contains(request.Nonce!, booked));

        // A URL is bought once, so its nonce at the seller is the one that the agent's answer was paid with.
        Assert.All(paidUrls, url => Assert.Contains(seen, request => request.Paid && url.EndsWith(request.Url, StringComparison.Ordinal) && booked.Contains(request.Nonce!)));
    }
}
