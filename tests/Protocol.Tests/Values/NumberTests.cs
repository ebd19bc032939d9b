using System.Numerics;
using CsCheck;

namespace SmartProxy.Protocol.Tests.Values;

public sealed class NumberTests
{
    [Theory]
    [InlineData("0", "0.00")]
    [InlineData("0.05", "0.05")]
    [InlineData("200", "200.00")]
    [InlineData("3000.00", "3000.00")]
    [InlineData("0.000001", "0.000001")]
    [InlineData("1.100000", "1.10")]
    [InlineData("999999999999.999999", "999999999999.999999")]
    public void Dollars_are_read_and_said(string text, string expected)
    {
        Assert.True(Usd.TryParse(text, out var value));
        Assert.Equal(expected, value.ToString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("1.")]
    [InlineData(".5")]
    [InlineData("01")]
    [InlineData("00.5")]
    [InlineData("1,5")]
    [InlineData("1.0000001")]
    [InlineData("1e2")]
    [InlineData("0x1")]
    [InlineData("$1")]
    [InlineData(" 1")]
    [InlineData("1 ")]
    [InlineData("1.0.0")]
    [InlineData("1_000")]
    [InlineData("\uff11")]
    [InlineData("1.\u0661")]
    [InlineData("1000000000000")]
    [InlineData("1\n")]
    public void Dollars_are_never_read_loosely(string? text) => Assert.False(Usd.TryParse(text, out _));

    [Fact]
    public void Dollars_survive_a_round_trip() =>
        Gen.ULong[0, 999_999_999_999_999_999].Sample(micros =>
        {
            var value = new Usd(micros);
            Assert.True(Usd.TryParse(value.ToString(), out var again) && again == value);
        });

    [Fact]
    public void Sums_saturate_and_what_is_left_never_wraps()
    {
        Assert.Equal(Usd.MaxValue, Usd.MaxValue.Plus(new Usd(1)));
        Assert.Equal(Usd.Zero, new Usd(1).Less(new Usd(2)));
        Assert.Equal(Usd.Zero, new Usd(1).Less(Usd.MaxValue));
        Assert.Equal(new Usd(1), new Usd(3).Less(new Usd(2)));
    }

    [Theory]
    [InlineData("0", true)]
    [InlineData("10000", true)]
    [InlineData("340282366920938463463374607431768211455", true)]
    [InlineData("340282366920938463463374607431768211456", false)]
    [InlineData("", false)]
    [InlineData("00", false)]
    [InlineData("007", false)]
    [InlineData("-1", false)]
    [InlineData("+1", false)]
    [InlineData(" 1", false)]
    [InlineData("1\0", false)]
    [InlineData("1.0", false)]
    [InlineData("1e3", false)]
    [InlineData("\uff11", false)]
    public void Token_amounts_are_digits_that_fit_128_bits(string text, bool valid) => Assert.Equal(valid, TokenAmount.TryParse(text, out _));

    [Theory]
    [InlineData("eip155:1", true)]
    [InlineData("eip155:9223372036854775807", true)]
    [InlineData("eip155:9223372036854775808", false)]
    [InlineData("eip155:18446744073709551616", false)]
    [InlineData("eip155:0", false)]
    [InlineData("eip155:01", false)]
    [InlineData("eip155:", false)]
    [InlineData("eip155:*", false)]
    [InlineData("eip155:-1", false)]
    [InlineData("eip155: 1", false)]
    [InlineData("eip155:1 ", false)]
    [InlineData("EIP155:1", false)]
    [InlineData("eip155:\uff11", false)]
    [InlineData("solana:1", false)]
    [InlineData("1", false)]
    [InlineData("", false)]
    public void Chains_are_CAIP_2_and_canonical(string text, bool valid)
    {
        Assert.Equal(valid, ChainId.TryParse(text, out var chain));
        Assert.True(!valid || chain.ToString() == text);
    }

    [Theory]
    [InlineData(6, 1ul, 1ul)]
    [InlineData(6, 10_000ul, 10_000ul)]
    [InlineData(18, 1ul, 1ul)]
    [InlineData(18, 1_000_000_000_000ul, 1ul)]
    [InlineData(18, 1_000_000_000_001ul, 2ul)]
    [InlineData(0, 3ul, 3_000_000ul)]
    public void A_token_amount_is_worth_dollars_rounded_up(int decimals, ulong units, ulong micros) =>
        Assert.Equal(new Usd(micros), Token(decimals).ToUsd(new TokenAmount(units)));

    [Fact]
    public void An_absurd_amount_is_over_every_limit_and_zero_is_nothing()
    {
        Assert.Equal(Usd.MaxValue, Token(0).ToUsd(new TokenAmount(UInt128.MaxValue)));
        Assert.Equal(Usd.Zero, Token(6).ToUsd(new TokenAmount(0)));
    }

    [Fact]
    public void A_token_amount_is_never_worth_less_than_it_is() =>
        Gen.Select(Gen.Int[0, 36], Gen.ULong).Sample((decimals, units) =>
            Assert.True((BigInteger)Token(decimals).ToUsd(new TokenAmount(units)).Micros * BigInteger.Pow(10, decimals) >= (BigInteger)units * 1_000_000));

    private static Asset Token(int decimals) => new(new ChainId(1), EvmAddress.Zero, "T", "Token", "1", decimals);
}
