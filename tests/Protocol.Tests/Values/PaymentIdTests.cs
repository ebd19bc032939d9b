using System.Text;

namespace SmartProxy.Protocol.Tests;

public class PaymentIdTests
{
    [Fact]
    public void It_is_its_time_and_its_chance_and_reads_back_as_the_same()
    {
        var id = PaymentId.Create(DateTimeOffset.FromUnixTimeMilliseconds(0x0123_4567_89AB), [0xFF, 1, 2, 3, 4, 5, 6, 7, 8, 0xFE]);

        Assert.Equal("014d2pf2dbzw0g40r40m30e27y", id.Value);
        Assert.True(PaymentId.TryParse(id.Value, out var read));
        Assert.Equal(id, read);
        Assert.True(PaymentId.TryParse(Encoding.ASCII.GetBytes(id.Value), out read));
        Assert.Equal(id, read);

        Span<byte> bytes = stackalloc byte[PaymentId.Length];
        id.CopyTo(bytes);
        Assert.Equal(id, new PaymentId(bytes));
    }

    [Theory]
    [InlineData("00000000000000000000000000")]
    [InlineData("7zzzzzzzzzzzzzzzzzzzzzzzzz")]
    public void Every_number_of_128_bits_is_one(string text) => Assert.Equal(text, PaymentId.Parse(text).Value);

    // The first character holds three bits: with a larger one, two texts would be one payment.
    [Theory]
    [InlineData("80000000000000000000000000")]
    [InlineData("zzzzzzzzzzzzzzzzzzzzzzzzzz")]
    [InlineData("0000000000000000000000000")]
    [InlineData("000000000000000000000000000")]
    [InlineData("0000000000000000000000000i")]
    [InlineData("0000000000000000000000000A")]
    [InlineData("0000000000000000000000000\u0130")]
    [InlineData("")]
    [InlineData(null)]
    public void Anything_else_is_refused(string? text)
    {
        Assert.False(PaymentId.TryParse(text, out _));
        Assert.False(PaymentId.TryParse(Encoding.UTF8.GetBytes(text ?? ""), out _));
    }
}
