using CsCheck;

namespace SmartProxy.Protocol.Tests.Values;

public sealed class HostNameTests
{
    private const string Refused = "-";

    private static readonly string Label63 = new('a', 63);

    // notation, normal form; an address is marked
    public static TheoryData<string, string> Notations => new()
    {
        { "example.com", "example.com" },
        { "EXAMPLE.Com", "example.com" },
        { "example.com.", "example.com" },
        { "localhost", "localhost" },
        { "_dmarc.a_b.example.com", "_dmarc.a_b.example.com" },
        { "3com.com", "3com.com" },
        { "1e100.net", "1e100.net" },
        { "0x.com", "0x.com" },
        { Label63 + ".com", Label63 + ".com" },

        // Names of other scripts have one A-label, in whatever case and with whatever dots they are typed.
        { "b\u00fccher.example", "xn--bcher-kva.example" },
        { "B\u00dcCHER.EXAMPLE", "xn--bcher-kva.example" },
        { "XN--BCHER-KVA.example", "xn--bcher-kva.example" },
        { "fa\u00df.de", "xn--fa-hia.de" },
        { "example\u3002com", "example.com" },
        { "example\uff0ecom", "example.com" },
        { "example\uff61com", "example.com" },
        { "\u4f8b\u3048.\u30c6\u30b9\u30c8", "xn--r8jz45g.xn--zckzah" },

        // Look-alikes become other names, which no rule lists.
        { "\u0430pple.com", "xn--pple-43d.com" },
        { "p\u0430ypal.com", "xn--pypal-4ve.com" },
        { "example.com\u3002evil.example", "example.com.evil.example" },

        // Compatibility forms, invisible characters and digits of other scripts.
        { "\uff45\uff58\uff41\uff4d\uff50\uff4c\uff45.com", Refused },
        { "exa\u200bmple.com", Refused },
        { "exa\u200dmple.com", Refused },
        { "exa\u00admple.com", Refused },
        { "ex\u202eample.com", Refused },
        { "\u2113ocalhost", Refused },
        { "\ufb01nance.example", Refused },
        { "\ud835\udd58oogle.com", Refused },
        { "\ud800.com", Refused },
        { "127.0.0.\u0663", Refused },
        { "127.0.0.\uff11", Refused },
        { "127.0.0.\u2460", Refused },

        // Addresses in their one form, and in no other.
        { "127.0.0.1", "127.0.0.1 (address)" },
        { "127.0.0.1.", "127.0.0.1 (address)" },
        { "127\u30020\u30020\u30021", "127.0.0.1 (address)" },
        { "127\uff0e0\uff0e0\uff0e1", "127.0.0.1 (address)" },
        { "255.255.255.255", "255.255.255.255 (address)" },
        { "127.1", Refused },
        { "127.0.1", Refused },
        { "1.2.3", Refused },
        { "1.2.3.4.5", Refused },
        { "256.0.0.1", Refused },
        { "0x7f.1", Refused },
        { "0x7f000001", Refused },
        { "1.2.3.0x4", Refused },
        { "0177.0.0.1", Refused },
        { "017700000001", Refused },
        { "010.0.0.1", Refused },
        { "127.0.0.01", Refused },
        { "2130706433", Refused },
        { "0", Refused },
        { "foo.1", Refused },
        { "foo.1a", Refused },
        { "\u2460\u2461\u2466.0.0.1", Refused },
        { "\uff11\uff12\uff17.0.0.1", Refused },
        { "\u0661\u0662\u0667.0.0.1", Refused },
        { "127%2e0.0.1", Refused },
        { "[::1]", "::1 (address)" },
        { "::1", "::1 (address)" },
        { "[0:0:0:0:0:0:0:1]", "::1 (address)" },
        { "[2001:DB8::1]", "2001:db8::1 (address)" },
        { "[::ffff:127.0.0.1]", "::ffff:127.0.0.1 (address)" },
        { "[::ffff:7f00:1]", "::ffff:127.0.0.1 (address)" },
        { "[64:ff9b::7f00:1]", "64:ff9b::7f00:1 (address)" },
        { "[::1]:80", Refused },
        { "[::1].", Refused },
        { "[[::1]]", Refused },
        { "[::1", Refused },
        { "::1]", Refused },
        { "[fe80::1%25eth0]", Refused },
        { "fe80::1%eth0", Refused },
        { "[127.0.0.1]", Refused },
        { "[example.com]", Refused },
        { "[]", Refused },

        // Things that are no host.
        { "", Refused },
        { ".", Refused },
        { "..", Refused },
        { ".a", Refused },
        { "a..b", Refused },
        { "example.com..", Refused },
        { "-a.com", Refused },
        { "a-.com", Refused },
        { "ex ample.com", Refused },
        { " example.com", Refused },
        { "example.com\t", Refused },
        { "exa\0mple.com", Refused },
        { "a\r\nb.com", Refused },
        { "exam%70le.com", Refused },
        { "user@example.com", Refused },
        { "example.com:80", Refused },
        { "example.com/", Refused },
        { "example.com\\", Refused },
        { "example.com?x", Refused },
        { "example.com#x", Refused },
        { Label63 + "a.com", Refused },
        { string.Join('.', Enumerable.Repeat("abcdefgh", 29)), Refused },
    };

    [Theory]
    [MemberData(nameof(Notations))]
    public void Every_notation_has_one_normal_form_or_none(string notation, string expected)
    {
        var parsed = HostName.TryParse(notation, out var host);

        Assert.Equal(expected, parsed ? host.Value + (host.IsAddress ? " (address)" : "") : Refused);
    }

    [Fact]
    public void The_table_holds_more_than_sixty_notations() => Assert.True(Notations.Count > 60);

    [Fact]
    public void The_normal_form_of_anything_is_its_own_normal_form() =>
        Gen.String[Gen.Char.Where(c => c < 0x180) , 0, 20].Sample(text =>
        {
            if (HostName.TryParse(text, out var host))
            {
                Assert.True(HostName.TryParse(host.Value, out var again));
                Assert.Equal(host, again);
                Assert.Equal(host.Value, host.Value.ToLowerInvariant());
            }
        });

    [Fact]
    public void An_IPv6_literal_has_brackets_inside_an_authority()
    {
        Assert.True(HostName.TryParse("::1", out var host));

        Assert.Equal("[::1]", host.ToAuthority());
    }
}
