using System.Text.Json;
using System.Text.Json.Nodes;

namespace SmartProxy.Interop.Tests;

/// <summary>What a real node, a real facilitator and a thief make of the books.</summary>
public sealed class ChainTests : OwnLaboratoryTest
{
    [Fact]
    public async Task A_settled_payment_is_proven_and_the_second_receipt_says_where()
    {
        await StartProxyAsync();
        var agents = await AgentsAsync();
        var answer = await agents.AskAsync("curl", $"{Lab.V2.Https}/paid?m={Mark}");
        Assert.True(answer.Status == 200, answer.ToString());
        var claimed = await ReceiptAsync(agents, answer.Receipt!);
        Assert.Equal(JsonValueKind.Null, claimed.GetProperty("settlement").GetProperty("proven").ValueKind);

        await Lab.MineAsync(2);
        var proof = (await LinesAsync("proven")).Single().GetProperty("proof");

        var proven = await ReceiptAsync(agents, answer.Receipt + ".2");
        Assert.Equal(("paid", answer.Receipt), (proven.GetProperty("outcome").GetString(), proven.GetProperty("supersedes").GetString()));
        var said = proven.GetProperty("settlement").GetProperty("proven");
        Assert.True(said.GetProperty("used").GetBoolean());
        Assert.Equal(proof.GetProperty("transaction").GetString(), said.GetProperty("transaction").GetString());
        Assert.Equal(proven.GetProperty("settlement").GetProperty("claimed").GetProperty("transaction").GetString(), said.GetProperty("transaction").GetString());
        Assert.Equal(proof.GetProperty("block").GetInt64(), said.GetProperty("block").GetInt64());
        Assert.Equal(("0.01", "0.00"), await DayAsync(agents));

        var listed = JsonNode.Parse((await Proxy.CliAsync("payments", "--data", Proxy.Data, "--json")).Text)!["payments"]![0]!;
        Assert.Equal(("paid", "proven"), (listed["outcome"]!.GetValue<string>(), listed["settlement"]!.GetValue<string>()));
        await Proxy.StopAsync();
        var verified = await Proxy.CliAsync("ledger", "verify", "--data", Proxy.Data, "--rpc", Lab.Rpc);
        Assert.True(verified.ExitCode == 0, verified.Output);
    }

    [Fact]
    public async Task A_kept_signature_is_released_when_the_chain_has_passed_its_end_and_not_before()
    {
        await StartProxyAsync();
        var agents = await AgentsAsync();
        var answer = await agents.AskAsync("curl", $"{Lab.Hostile.Http}/keep?m={Mark}");
        Assert.Equal("payment_not_accepted", answer.Reason);
        Assert.Equal(("0.00", "0.01"), await DayAsync(agents));

        // It lives for two minutes. What is proven meanwhile shows that the chain was read.
        await AdvanceAsync(50);
        Assert.Equal(200, (await agents.AskAsync("curl", $"{Lab.V2.Http}/paid?m={Mark}-meanwhile")).Status);
        await Lab.MineAsync(2);
        await LinesAsync("proven");
        Assert.Equal(0, CountOf("expired"));
        var early = await Proxy.CliAsync("payments", "void", IdOf(answer), "--reason", "tired of waiting", "--data", Proxy.Data);
        Assert.Equal(1, early.ExitCode);
        Assert.Contains("can be charged until", early.Error, StringComparison.Ordinal);

        await AdvanceAsync(75);
        var expired = (await LinesAsync("expired")).Single();
        Assert.Equal("expired_unused", expired.GetProperty("why").GetString());
        Assert.Equal(("0.01", "0.00"), await DayAsync(agents));
        Assert.Equal(0, await Lab.SettleKeptAsync(Mark));
        var receipt = await ReceiptAsync(agents, answer.Receipt + ".2");
        Assert.Equal(("failed", false), (receipt.GetProperty("outcome").GetString(), receipt.GetProperty("settlement").GetProperty("proven").GetProperty("used").GetBoolean()));

        // The chain is two minutes ahead of this machine now, and that signs nothing.
        var skewed = await agents.AskAsync("curl", $"{Lab.V2.Http}/paid?m={Mark}-late");
        Assert.Equal((503, "clock_skew"), (skewed.Status, skewed.Reason));
        Assert.Empty(await Lab.NoncesAsync($"{Mark}-late"));
    }

    [Fact]
    public async Task What_a_seller_settles_late_is_proven_and_stays_spent()
    {
        await StartProxyAsync();
        var agents = await AgentsAsync();
        Assert.Equal("payment_not_accepted", (await agents.AskAsync("curl", $"{Lab.Hostile.Http}/keep?m={Mark}")).Reason);
        Assert.Equal(1, await Lab.SettleKeptAsync(Mark));
        await Lab.MineAsync(2);
        var proven = (await LinesAsync("proven")).Single();

        Assert.Equal(("0.01", "0.00"), await DayAsync(agents));
        Assert.Equal((0, 0), (CountOf("frozen"), CountOf("expired")));
    }

    [Fact]
    public async Task A_transfer_that_no_decision_explains_freezes_everybody_and_says_drift()
    {
        await StartProxyAsync();
        var agents = await AgentsAsync();
        Assert.Equal(200, (await agents.AskAsync("curl", $"{Lab.V2.Http}/paid?m={Mark}")).Status);

        await StealAsync(1234);

        var drift = (await LinesAsync("drift")).Single().GetProperty("drift");
        Assert.Equal(("1234", "0x" + new string('9', 40)), (drift.GetProperty("value").GetString(), drift.GetProperty("to").GetString()));
        var refused = await agents.AskAsync("curl", $"{Lab.V2.Http}/paid?m={Mark}-after");
        Assert.Equal((403, "frozen"), (refused.Status, refused.Reason));
        Assert.Contains("drift", refused.Body, StringComparison.Ordinal);
        Assert.Contains("drift", (await Proxy.CliAsync("health", "--data", Proxy.Data)).Text, StringComparison.Ordinal);

        // Once: an operator who has looked goes on, also after a restart.
        Assert.Equal(0, (await Proxy.CliAsync("unfreeze", "--reason", "it was me", "--data", Proxy.Data)).ExitCode);
        await Proxy.StopAsync();
        await Proxy.StartAsync();
        Assert.Equal(200, (await agents.AskAsync("curl", $"{Lab.V2.Http}/paid?m={Mark}-later")).Status);
        Assert.Equal(1, CountOf("drift"));
    }

    [Fact]
    public async Task A_restored_old_data_folder_pays_nothing_because_the_chain_remembers()
    {
        await StartProxyAsync();
        var agents = await AgentsAsync();
        Assert.Equal(200, (await agents.AskAsync("curl", $"{Lab.V2.Http}/paid?m={Mark}-1")).Status);
        await Proxy.StopAsync();
        await Shell.RunAsync("cp", ["-a", Proxy.Data, Proxy.File("yesterday")]);
        await Proxy.StartAsync();
        Assert.Equal(200, (await agents.AskAsync("curl", $"{Lab.V2.Http}/paid?m={Mark}-2")).Status);
        await Lab.MineAsync(2);
        await Proxy.StopAsync();
        await RestoreAsync();

        await Proxy.StartAsync();

        var refused = await agents.AskAsync("curl", $"{Lab.V2.Http}/paid?m={Mark}-3");
        Assert.Equal((403, "frozen"), (refused.Status, refused.Reason));
        Assert.Contains("no decision of this journal explains", refused.Body, StringComparison.Ordinal);
        Assert.Empty(await Lab.NoncesAsync($"{Mark}-3"));
    }

    [Fact]
    public async Task A_restored_old_data_folder_pays_nothing_because_the_anchor_remembers_until_it_is_accepted()
    {
        await StartProxyAsync(settings: settings =>
        {
            settings.AsObject().Remove("Networks");
            settings["Ledger"] = new JsonObject { ["Anchor"] = "anchor.json" };
        });
        var agents = await AgentsAsync();
        await Proxy.StopAsync();
        await Shell.RunAsync("cp", ["-a", Proxy.Data, Proxy.File("yesterday")]);
        await Proxy.StartAsync();
        Assert.Equal(200, (await agents.AskAsync("curl", $"{Lab.V2.Http}/paid?m={Mark}-1")).Status);
        await Proxy.StopAsync();
        await RestoreAsync();

        await Proxy.StartAsync();
        var refused = await agents.AskAsync("curl", $"{Lab.V2.Http}/paid?m={Mark}-2");
        Assert.Equal((403, "frozen"), (refused.Status, refused.Reason));
        Assert.Contains("rolled back", refused.Body, StringComparison.Ordinal);
        await Proxy.StopAsync();

        var accepted = await Proxy.CliAsync("ledger", "accept-rollback", "--anchor", Proxy.File("anchor.json"), "--reason", "the disk was lost", "--data", Proxy.Data);
        Assert.True(accepted.ExitCode == 0, accepted.Error);
        await Proxy.StartAsync();
        Assert.Equal(200, (await agents.AskAsync("curl", $"{Lab.V2.Http}/paid?m={Mark}-3")).Status);
    }

    [Fact]
    public async Task An_empty_wallet_promises_nothing()
    {
        await StartProxyAsync(units: 9_999);
        var agents = await AgentsAsync();
        var refused = await agents.AskAsync("curl", $"{Lab.V2.Http}/paid?m={Mark}");
        Assert.Equal((503, "wallet_insufficient"), (refused.Status, refused.Reason));
        Assert.Empty(await Lab.NoncesAsync(Mark));
        Assert.Equal(0, CountOf("reserved"));
    }

    private async Task<JsonElement> ReceiptAsync(Agents agents, string id)
    {
        var receipt = await Shell.RunAsync("curl", ["-sSf", "-H", "Smart-Proxy-Token: " + agents.Token, "-H", "Accept: application/json", $"http://{Proxy.Listen}/v1/receipts/{id}"]);
        return JsonDocument.Parse(receipt.Text).RootElement;
    }

    private async Task RestoreAsync()
    {
        Directory.Delete(Proxy.Data, recursive: true);
        await Shell.RunAsync("cp", ["-a", Proxy.File("yesterday"), Proxy.Data]);
    }

    private static string IdOf(Answer answer) => answer.Receipt!["rcpt_".Length..];
}
