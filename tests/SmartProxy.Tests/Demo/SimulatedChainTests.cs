using Microsoft.Extensions.Time.Testing;
using SmartProxy.Demo;
using SmartProxy.Protocol;

namespace SmartProxy.Tests.Demo;

public sealed class SimulatedChainTests
{
    private static readonly EvmAddress Payer = EvmAddress.Parse("0x1111111111111111111111111111111111111111");
    private static readonly EvmAddress Shop = EvmAddress.Parse("0x2222222222222222222222222222222222222222");

    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeSeconds(1_000));
    private readonly SimulatedChain _chain;

    public SimulatedChainTests()
    {
        var token = new Asset(new ChainId(84532), EvmAddress.Parse("0x3333333333333333333333333333333333333333"), "USDC", "USDC", "2", 6);
        _chain = new SimulatedChain(token, (authorization, signature) => signature == "payer" ? Payer : null, _time);
        _chain.Fund(Payer, new TokenAmount(100));
    }

    [Fact]
    public void An_authorization_moves_money_once()
    {
        Assert.Null(_chain.Transfer(Authorization(60), "payer"));
        Assert.Equal("authorization is used", _chain.Transfer(Authorization(60), "payer"));
        Assert.Equal((new TokenAmount(40), new TokenAmount(60)), (_chain.BalanceOf(Payer), _chain.BalanceOf(Shop)));
    }

    [Theory]
    [InlineData(60, "somebody", 1_000, "invalid signature")]
    [InlineData(101, "payer", 1_000, "transfer amount exceeds balance")]
    [InlineData(60, "payer", 1_100, "authorization is expired")]
    [InlineData(60, "payer", 900, "authorization is not yet valid")]
    public void A_transfer_that_the_contract_would_revert_moves_nothing(int units, string signature, long now, string objection)
    {
        _time.AdjustTime(DateTimeOffset.FromUnixTimeSeconds(now));

        Assert.Equal(objection, _chain.Transfer(Authorization((uint)units), signature));
        Assert.Equal(new TokenAmount(100), _chain.BalanceOf(Payer));
    }

    private TransferAuthorization Authorization(uint units) => new(
        new TransferTerms(_chain.Token.Chain, _chain.Token.Address, "USDC", "2", Payer, Shop, new TokenAmount(units), 900, 1_100),
        Bytes32.Sha256("nonce"u8));
}
