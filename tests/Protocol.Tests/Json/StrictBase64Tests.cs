using CsCheck;
using SmartProxy.Protocol.Json;

namespace SmartProxy.Protocol.Tests.Json;

public sealed class StrictBase64Tests
{
    [Theory]
    [InlineData("aGk=", "hi")]
    [InlineData("aGk", "hi")]
    [InlineData(" \taGk= \t", "hi")]
    [InlineData("YQ==", "a")]
    [InlineData("YQ", "a")]
    [InlineData("YWJj", "abc")]
    public void Padding_may_be_missing_and_the_ends_may_have_space(string text, string expected)
    {
        Assert.Equal(Base64Fault.None, StrictBase64.TryDecode(text, out var bytes));
        Assert.Equal(expected, System.Text.Encoding.ASCII.GetString(bytes));
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("=")]
    [InlineData("====")]
    [InlineData("a")]
    [InlineData("aGk==")]
    [InlineData("YQ=")]
    [InlineData("YWJj=")]
    [InlineData("YWJj====")]
    [InlineData("aG k=")]
    [InlineData("aGk=\n")]
    [InlineData("aG\nk=")]
    [InlineData("aGk=aGk=")]
    [InlineData("aG-_")]
    [InlineData("aGk,")]
    [InlineData("\uff41Gk=")]
    [InlineData("YR==")]
    [InlineData("YR")]
    [InlineData("aGl=")]
    [InlineData("aGl")]
    public void One_value_has_one_spelling(string text)
    {
        Assert.Equal(Base64Fault.Invalid, StrictBase64.TryDecode(text, out var bytes));
        Assert.Empty(bytes);
    }

    [Theory]
    [InlineData(StrictBase64.MaxBytes, Base64Fault.None)]
    [InlineData(StrictBase64.MaxBytes + 1, Base64Fault.TooLarge)]
    [InlineData(StrictBase64.MaxBytes + 2, Base64Fault.TooLarge)]
    [InlineData(StrictBase64.MaxBytes * 4, Base64Fault.TooLarge)]
    public void At_most_64_KiB_are_decoded(int length, object expected) =>
        Assert.Equal(expected, StrictBase64.TryDecode(Convert.ToBase64String(new byte[length]), out _));

    [Fact]
    public void Whatever_is_read_is_written_back_the_same() =>
        Gen.String[Gen.Char['+', 'z'], 1, 12].Sample(text =>
        {
            var fault = StrictBase64.TryDecode(text, out var bytes);
            Assert.True(fault is not Base64Fault.None || Convert.ToBase64String(bytes).TrimEnd('=') == text.TrimEnd('='));
        });

    [Fact]
    public void Any_bytes_survive_a_round_trip() =>
        Gen.Byte.Array[1, 100].Sample(bytes =>
            Assert.True(StrictBase64.TryDecode(Convert.ToBase64String(bytes), out var again) is Base64Fault.None && bytes.AsSpan().SequenceEqual(again)));
}
