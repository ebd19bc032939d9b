using System.Buffers;
using System.Text;
using SmartProxy.Connections;

namespace SmartProxy.Tests.Connections;

public sealed class ConnectHeadTests
{
    public static TheoryData<string, string> Good => new()
    {
        { "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n", "a.test 443" },
        { "CONNECT a.test:443 HTTP/1.0\r\n\r\n", "a.test 443" },
        { "CONNECT A.Test.:443 HTTP/1.1\r\nHost: a.test\r\n\r\n", "a.test 443" },
        { "CONNECT a.test:443 HTTP/1.1\r\nHost: A.TEST:443\r\nUser-Agent: x\r\n\r\n", "a.test 443" },
        { "CONNECT [2001:DB8::1]:8443 HTTP/1.0\r\n\r\n", "2001:db8::1 8443" },
        { "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n", "a.test 443" },
        { "CONNECT 192.0.2.1:443 HTTP/1.1\r\nHost: 192.0.2.1:443\r\nProxy-Authorization:  Basic x \r\n\r\n", "192.0.2.1 443 Basic x" },
    };

    public static TheoryData<string> Bad =>
    [
        "CONNECT a.test HTTP/1.0\r\n\r\n",
        "CONNECT a.test:443 HTTP/1.1\r\n\r\n",
        "CONNECT a.test:443 HTTP/1.1\r\nHost:\r\n\r\n",
        "CONNECT a.test: HTTP/1.0\r\n\r\n",
        "CONNECT a.test:0 HTTP/1.0\r\n\r\n",
        "CONNECT a.test:65536 HTTP/1.0\r\n\r\n",
        "CONNECT a.test:0443 HTTP/1.0\r\n\r\n",
        "CONNECT a.test:+443 HTTP/1.0\r\n\r\n",
        "CONNECT / HTTP/1.0\r\n\r\n",
        "CONNECT a.test:443/path HTTP/1.1\r\nHost: a.test\r\n\r\n",
        "CONNECT https://a.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n",
        "CONNECT u@a.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n",
        "CONNECT a.test:443  HTTP/1.1\r\nHost: a.test\r\n\r\n",
        "CONNECT  a.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n",
        "CONNECT a.test:443 HTTP/2.0\r\nHost: a.test\r\n\r\n",
        "CONNECT a.test:443\r\n\r\n",
        "CONNECT 127.1:443 HTTP/1.0\r\n\r\n",
        "CONNECT 2130706433:443 HTTP/1.0\r\n\r\n",
        "CONNECT a%2etest:443 HTTP/1.0\r\n\r\n",
        "CONNECT \u00e4.test:443 HTTP/1.0\r\n\r\n",
        "CONNECT a.test:443 HTTP/1.1\r\nHost: b.test\r\n\r\n",
        "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:444\r\n\r\n",
        "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\nHost: a.test\r\n\r\n",
        "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n",
        "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\n",
        "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\nA : b\r\n\r\n",
        "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\n folded\r\n\r\n",
        "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\nA: b\nC: d\r\n\r\n",
        "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\nA: b\rC: d\r\n\r\n",
        "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\nA: b\0\r\n\r\n",
        "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\nnocolon\r\n\r\n",
        "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\nProxy-Authorization: a\r\nProxy-Authorization: b\r\n\r\n",
    ];

    [Theory, MemberData(nameof(Good))]
    public void A_head_is_read_in_its_normal_form(string text, string expected)
    {
        Assert.True(ConnectHead.TryParse(Sequence(text), out var head));
        Assert.Equal(expected, $"{head.Host} {head.Port} {head.ProxyAuthorization}".TrimEnd());
    }

    [Theory, MemberData(nameof(Bad))]
    public void A_head_that_could_be_read_in_two_ways_is_refused(string text) =>
        Assert.False(ConnectHead.TryParse(Sequence(text), out _));

    [Theory]
    [InlineData("", null)]
    [InlineData("CONN", null)]
    [InlineData("CONNECT ", true)]
    [InlineData("CONNECT a", true)]
    [InlineData("GET /", false)]
    [InlineData("CONNECTX", false)]
    [InlineData("connect ", false)]
    public void The_first_bytes_tell_a_tunnel_from_a_request(string text, bool? expected) =>
        Assert.Equal(expected, ConnectHead.IsConnect(Sequence(text)));

    [Fact]
    public void A_head_never_prints_its_credential()
    {
        Assert.True(ConnectHead.TryParse(Sequence("CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\nProxy-Authorization: Basic secret\r\n\r\n"), out var head));
        Assert.DoesNotContain("secret", head.ToString(), StringComparison.Ordinal);
    }

    private static ReadOnlySequence<byte> Sequence(string text) => new(Encoding.Latin1.GetBytes(text));
}
