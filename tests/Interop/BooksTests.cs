using System.Text.Json;

namespace SmartProxy.Interop.Tests;

/// <summary>A month is closed against a real token on a real node.</summary>
public sealed class BooksTests : OwnLaboratoryTest
{
    [Fact]
    public async Task A_month_with_a_settled_a_kept_and_a_stolen_payment_ties_out_against_the_real_token()
    {
        await StartProxyAsync();
        var agents = await AgentsAsync();
        Assert.Equal(200, (await agents.AskAsync("curl", $"{Lab.V2.Http}/paid?m={Mark}-1")).Status);
        Assert.Equal(200, (await agents.AskAsync("curl", $"{Lab.V2.Http}/paid?m={Mark}-2")).Status);
        Assert.Equal("payment_not_accepted", (await agents.AskAsync("curl", $"{Lab.Hostile.Http}/keep?m={Mark}")).Reason);
        await Lab.MineAsync(2);
        await LinesAsync("proven", 2);
        await StealAsync(1234);
        await LinesAsync("drift");
        var month = DateTimeOffset.UtcNow.ToString("yyyy-MM", System.Globalization.CultureInfo.InvariantCulture);

        // While it runs.
        var closed = await Proxy.CliAsync("statement", "--month", month, "--data", Proxy.Data, "--config", Proxy.Config, "--to", Proxy.File("statement.jws"), "--json");

        var statement = JsonDocument.Parse(closed.Text).RootElement.GetProperty("statement");
        var account = statement.GetProperty("accounts").EnumerateArray().Single(account => account.GetProperty("asset").GetString() == Lab.Token);
        string Figure(string name) => account.GetProperty(name).GetString()!;
        var chain = (await Lab.BalanceAsync(Proxy.Wallet)).ToString(System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(("0", "10000000", "20000", "1234", chain, "0", "10000"), (Figure("opening"), Figure("in"), Figure("settled"), Figure("unexplained"), Figure("closing"), Figure("difference"), Figure("open")));
        Assert.Equal(["in_doubt", "drift"], statement.GetProperty("exceptions").EnumerateArray().Select(exception => exception.GetProperty("kind").GetString()));

        // Stopped, with public keys alone, and without any node.
        await Proxy.StopAsync();
        var verified = await Proxy.CliAsync("statement", "verify", Proxy.File("statement.jws"), "--jwks", Path.Combine(Proxy.Data, "receipts-key", "keys.json"));
        Assert.True(verified.ExitCode == 0, verified.Error);
        var alone = await Proxy.CliAsync("statement", "--month", month, "--data", Proxy.Data);
        Assert.Equal(1, alone.ExitCode);
        Assert.Contains("not known", alone.Output, StringComparison.Ordinal);
    }
}
