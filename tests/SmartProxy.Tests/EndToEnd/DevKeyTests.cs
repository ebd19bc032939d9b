using System.Net;
using SmartProxy.Hosting;
using SmartProxy.Installation;
using SmartProxy.Tests.Commands;
using SmartProxy.Tests.Payments;

namespace SmartProxy.Tests.EndToEnd;

/// <summary><c>--insecure-dev-key</c>: a raw key of the environment signs in place of the wallets, is said at the start, and is never taken by itself.</summary>
[Collection(nameof(DevKeyTests))]
[CollectionDefinition(nameof(DevKeyTests), DisableParallelization = true)]
public sealed class DevKeyTests : IDisposable
{
    private const string Key = "0x0000000000000000000000000000000000000000000000000000000000000002";
    private const string AddressOfKey = "0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF";

    public void Dispose() => Environment.SetEnvironmentVariable(WalletLoader.DevKeyVariable, null);

    [Fact]
    public async Task The_raw_key_signs_and_the_start_says_so()
    {
        Environment.SetEnvironmentVariable(WalletLoader.DevKeyVariable, Key);
        await using var seller = await ScriptedSeller.StartAsync(tls: true);
        seller.Sell("/paid", ScriptedSeller.DeliverAsync);
        await using var proxy = await RunningProxy.StartAsync(new ProxySetup { Policy = OddWorld.PolicyFor(seller.Authority), UsesDevKey = true });

        using var client = proxy.As("me");
        using var answer = await client.GetAsync(seller.Url + "/paid", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(AddressOfKey, FlowKit.Open(Assert.Single(seller.PaymentsAt("/paid"))).Signer.ToString());
        Assert.Contains(proxy.Notices, notice => notice.Contains("for development only", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_the_flag_the_variable_is_not_looked_at()
    {
        Environment.SetEnvironmentVariable(WalletLoader.DevKeyVariable, Key);
        await using var seller = await ScriptedSeller.StartAsync(tls: true);
        seller.Sell("/paid", ScriptedSeller.DeliverAsync);
        await using var proxy = await RunningProxy.StartAsync(new ProxySetup { Policy = OddWorld.PolicyFor(seller.Authority) });

        using var client = proxy.As("me");
        using var answer = await client.GetAsync(seller.Url + "/paid", TestContext.Current.CancellationToken);

        Assert.NotEqual(AddressOfKey, FlowKit.Open(Assert.Single(seller.PaymentsAt("/paid"))).Signer.ToString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("0x1234")]
    [InlineData("0x0000000000000000000000000000000000000000000000000000000000000000")]
    public async Task Without_a_key_the_start_says_what_is_missing_and_never_the_value(string? value)
    {
        Environment.SetEnvironmentVariable(WalletLoader.DevKeyVariable, value);

        var fault = await Assert.ThrowsAsync<OperatorException>(() => RunningProxy.StartAsync(new ProxySetup { Policy = OddWorld.PolicyFor("x.test"), UsesDevKey = true }));

        Assert.Contains(WalletLoader.DevKeyVariable, fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(value ?? "never", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_flag_and_nothing_else_asks_for_it(bool asks)
    {
        using var kit = new CommandKit();
        await kit.InitAsync();

        string[] flag = asks ? ["--insecure-dev-key"] : [];
        await kit.RunAsync(["run", "--data", kit.Data, "--policy", kit.Policy, .. flag]);

        Assert.Equal(asks, kit.Settings!.UsesDevKey);
    }
}
