namespace SmartProxy.Protocol.Tests.Values;

public sealed class OriginTests
{
    [Theory]
    [InlineData("https://api.example.com", "https://api.example.com")]
    [InlineData("HTTPS://API.example.com:443", "https://api.example.com")]
    [InlineData("http://api.example.com:80", "http://api.example.com")]
    [InlineData("http://api.example.com:443", "http://api.example.com:443")]
    [InlineData("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443")]
    [InlineData("https://[::1]", "https://[::1]")]
    public void An_origin_has_one_text(string text, string expected)
    {
        Assert.True(Origin.TryParse(text, out var origin));
        Assert.Equal(expected, origin.ToString());
    }

    [Theory]
    [InlineData("api.example.com")]
    [InlineData("ftp://api.example.com")]
    [InlineData("https://")]
    [InlineData("https://api.example.com/")]
    [InlineData("https://user@api.example.com")]
    [InlineData("https://api.example.com:")]
    [InlineData("https://api.example.com:0")]
    [InlineData("https://api.example.com:0443")]
    [InlineData("https://api.example.com:65536")]
    [InlineData("https://api.example.com:+443")]
    [InlineData("https://api.example.com:\uff14\uff14\uff13")]
    [InlineData("https://api.example.com:443:443")]
    [InlineData("https://::1")]
    [InlineData("https://[::1]x:443")]
    [InlineData("https://[::1")]
    [InlineData("https://127.1")]
    public void What_is_not_exactly_an_origin_is_refused(string text) => Assert.False(Origin.TryParse(text, out _));
}
