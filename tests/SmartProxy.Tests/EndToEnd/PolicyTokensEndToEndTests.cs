using System.Net;
using System.Text.Json;
using SmartProxy.Ledger;
using SmartProxy.Policies;
using SmartProxy.Policy;
using SmartProxy.Protocol;

namespace SmartProxy.Tests.EndToEnd;

/// <summary>Money that the operator declares: its network is read, its value is counted, its domain is signed, and receipts say at which rate.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class PolicyTokensEndToEndTests : IAsyncLifetime
{
    private const string Token = "0x3333333333333333333333333333333333333333";

    // One unit above one hundredth of a token: 1.08 cents and a little, so the value is rounded up to the next micro-dollar.
    private const string Units = "10000000000000001";

    private ScriptedSeller _seller = null!;
    private RunningProxy _proxy = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _seller = await ScriptedSeller.StartAsync(tls: true);
        _seller.On("/euro", context => AnswerAsync(context, "Euro Test", "7"));
        _seller.On("/other-name", context => AnswerAsync(context, "USDC", "7"));
        _seller.On("/other-version", context => AnswerAsync(context, "Euro Test", "2"));
        _proxy = await RunningProxy.StartAsync(new ProxySetup { Policy = PolicyFor(shadow: "") });
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        await _seller.DisposeAsync();
    }

    [Fact]
    public async Task A_declared_token_of_18_decimals_is_paid_at_its_declared_value()
    {
        var (id, _) = await AskAsync("/euro", HttpStatusCode.OK);
        Assert.Equal((10_801u, 0u), await _proxy.MoneyOfAsync("me"));
        var payment = (await ReceiptAsync(id)).GetProperty("payment");
        Assert.Equal(("0.010801", "1.08", Units, "EURT", "eip155:31337"), (Text("usd"), Text("usdPerToken"), Text("amount"), Text("symbol"), Text("network")));
        await _proxy.StopAsync();

        var lines = _proxy.Journal();
        var terms = ((JournalEntry.Reserved)lines.Single(line => line.Entry is JournalEntry.Reserved).Entry).Authorization.Terms;
        Assert.Equal(("Euro Test", "7", "31337"), (terms.DomainName, terms.DomainVersion, terms.Chain.Value.ToString(System.Globalization.CultureInfo.InvariantCulture)));

        // What was archived is enough to say the same again.
        var activated = lines.Select(line => line.Entry).OfType<JournalEntry.Recorded>().Select(recorded => recorded.Event).OfType<LedgerEvent.PolicyActivated>().Last();
        Assert.True(AssetRegistry.TryParseCanonical(activated.Registry, out var registry));
        Assert.True(registry.TryFind(new ChainId(31337), EvmAddress.Parse(Token), out _));
        Assert.Equal(activated.Hash, PolicyLoader.Load(PolicyText.OfArchive(activated.Text, "archived"), AssetRegistry.Default).Policy!.Hash);

        string? Text(string name) => payment.GetProperty(name).GetString();
    }

    [Fact]
    public async Task A_receipt_made_after_a_restart_says_the_same_rate()
    {
        var (id, _) = await AskAsync("/euro", HttpStatusCode.OK);
        await ReceiptAsync(id);
        await _proxy.StopAsync();
        File.Delete(_proxy.Data.Index);

        // Under another policy, so that the rate has to come from the archive.
        await File.WriteAllTextAsync(_proxy.PolicyFile, PolicyFor(shadow: "").Replace("\"1.08\"", "\"2.00\"", StringComparison.Ordinal), Cancellation);
        await _proxy.StartAsync();

        Assert.Equal("1.08", (await ReceiptAsync(id)).GetProperty("payment").GetProperty("usdPerToken").GetString());
        var (later, _) = await AskAsync("/euro", HttpStatusCode.OK);
        Assert.Equal("2.00", (await ReceiptAsync(later)).GetProperty("payment").GetProperty("usdPerToken").GetString());
    }

    [Theory, InlineData("/other-name"), InlineData("/other-version")]
    public async Task A_seller_that_names_the_token_otherwise_is_refused(string path)
    {
        var (_, reason) = await AskAsync(path, HttpStatusCode.Forbidden);

        Assert.Equal("asset_domain_mismatch", reason);
        Assert.Empty(_seller.PaymentsAt(path));
    }

    [Fact]
    public async Task A_network_that_is_declared_while_running_is_paid_on_and_one_that_goes_is_not()
    {
        await SaveAsync(PolicyFor(shadow: "").Replace("31337", "31338", StringComparison.Ordinal));
        using (var client = _proxy.As("me"))
        using (var answer = await client.GetAsync(_seller.Url + "/euro", Cancellation))
        {
            // Nothing that we know how to pay: the seller's own answer goes through.
            Assert.Equal(HttpStatusCode.PaymentRequired, answer.StatusCode);
        }

        await SaveAsync(PolicyFor(shadow: ""));
        await AskAsync("/euro", HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_shadow_beside_the_policy_is_recorded_and_not_obeyed()
    {
        await File.WriteAllTextAsync(Path.Combine(Path.GetDirectoryName(_proxy.PolicyFile)!, "next.json"), PolicyFor(shadow: "").Replace("\"1.00\"", "\"0.01\"", StringComparison.Ordinal), Cancellation);
        await SaveAsync(PolicyFor("\"shadow\": \"next.json\","));
        await AskAsync("/euro", HttpStatusCode.OK);
        await File.WriteAllTextAsync(Path.Combine(Path.GetDirectoryName(_proxy.PolicyFile)!, "next.json"), "{", Cancellation);
        await UntilAsync(async () => (await _proxy.HealthAsync()).Contains("the shadow policy is not evaluated", StringComparison.Ordinal));
        await AskAsync("/euro", HttpStatusCode.OK);
        await _proxy.StopAsync();

        var sayings = _proxy.Journal().Select(line => line.Entry).OfType<JournalEntry.Reserved>().Select(reserved => reserved.Context.Shadow).ToList();
        Assert.Equal([(false, "budget_exceeded", "agents.me.limits.day"), null], sayings.Select(said => said is null ? ((bool, string?, string)?)null : (said.Allowed, said.Reason, said.Rule)));
    }

    private string PolicyFor(string shadow) => $$"""
        { {{shadow}} "networks": ["eip155:31337"], "testNetworks": ["eip155:31337"], "assets": ["EURT"],
          "tokens": [{ "symbol": "EURT", "network": "eip155:31337", "address": "{{Token}}", "name": "Euro Test", "version": "7", "decimals": 18, "usd": "1.08" }],
          "merchants": { "seller": { "hosts": "{{_seller.Authority}}" } },
          "agents": { "me": { "allow": ["seller"], "limits": { "day": "1.00" } } } }
        """;

    private static Task AnswerAsync(Microsoft.AspNetCore.Http.HttpContext context, string name, string version)
    {
        if (context.Request.Headers.ContainsKey("PAYMENT-SIGNATURE"))
        {
            return ScriptedSeller.DeliverAsync(context);
        }

        context.Response.StatusCode = 402;
        context.Response.Headers["PAYMENT-REQUIRED"] = Terms.Base64(
            $$$"""{"x402Version":2,"error":"","resource":{"url":"https://seller.test/"},"accepts":[{"scheme":"exact","network":"eip155:31337","amount":"{{{Units}}}","asset":"{{{Token}}}","payTo":"{{{Terms.PayTo}}}","maxTimeoutSeconds":60,"extra":{"name":"{{{name}}}","version":"{{{version}}}"}}]}""");
        return Task.CompletedTask;
    }

    private async Task<(string Receipt, string? Reason)> AskAsync(string path, HttpStatusCode expected)
    {
        using var client = _proxy.As("me");
        using var answer = await client.GetAsync(_seller.Url + path, Cancellation);
        var body = await answer.Content.ReadAsStringAsync(Cancellation);
        Assert.True(expected == answer.StatusCode, body);
        using var problem = expected == HttpStatusCode.OK ? null : JsonDocument.Parse(body);
        return (answer.Headers.GetValues("Smart-Proxy-Receipt").Single(), problem?.RootElement.GetProperty("reason").GetString());
    }

    private async Task<JsonElement> ReceiptAsync(string id)
    {
        using var answer = await _proxy.OwnAsync("me", "/v1/receipts/" + id, "application/json");
        using var document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancellation));
        return document.RootElement.Clone();
    }

    private async Task SaveAsync(string policy)
    {
        var activations = Activations();
        await File.WriteAllTextAsync(_proxy.PolicyFile + "~", policy, Cancellation);
        File.Move(_proxy.PolicyFile + "~", _proxy.PolicyFile, overwrite: true);
        var hash = PolicyReading.Load(_proxy.PolicyFile, AssetRegistry.Default).Policy!.Hash.ToString();
        await UntilAsync(async () => Activations() > activations && (await _proxy.HealthAsync()).Contains(hash, StringComparison.Ordinal));

        int Activations() => _proxy.JournalText().Split("\"type\":\"policy\"").Length;
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await isSo())
        {
            patience.Token.ThrowIfCancellationRequested();
        }
    }
}
