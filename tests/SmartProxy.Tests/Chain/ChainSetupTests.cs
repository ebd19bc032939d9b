using SmartProxy.Chain;
using SmartProxy.Installation;
using SmartProxy.Options;
using SmartProxy.Protocol;

namespace SmartProxy.Tests.Chain;

/// <summary>Which blocks count.</summary>
public sealed class ChainSetupTests
{
    [Fact]
    public void Real_money_is_never_freed_by_a_block_that_is_not_final()
    {
        var options = new NetworkOptions { Rpc = [new Uri("http://127.0.0.1:8545")], Confirmations = 1 };

        var refused = Assert.Throws<OperatorException>(() => ChainSetup.Agreed(new ChainId(137), options, InstallationMode.Live));
        Assert.Contains("expected no `SmartProxy:Networks:eip155:137:Confirmations`", refused.Message, StringComparison.Ordinal);
        Assert.NotNull(ChainSetup.Agreed(new ChainId(137), options with { Confirmations = null }, InstallationMode.Live));
        Assert.NotNull(ChainSetup.Agreed(new ChainId(84532), options, InstallationMode.Test));
    }
}
