using SmartProxy.Policy.Rules;
using SmartProxy.Policy.Tests.Fakes;

namespace SmartProxy.Policy.Tests.Rules;

/// <summary>Parts of a merchant, and paths that can be read in two ways: the stricter reading counts.</summary>
public sealed class EndpointTests
{
    private static readonly PolicySet Policy = Given.Policy("""
        { "networks": ["base-sepolia"],
          "merchants": { "exa": { "hosts": "api.exa.ai" }, "shop": { "hosts": ["shop.example", "shop.example:8443"] } },
          "agents": {
            "a": { "allow": ["exa POST /search*", "exa GET /v1/list", "shop * /"] },
            "d": { "allow": ["*"], "deny": ["exa * /admin*", "exa DELETE /v1/list", "shop POST /buy"] },
            "both": { "allow": ["exa"], "deny": ["exa POST /search*"] },
            "i": { "allow": ["*"], "limits": { "in": { "exa POST /search*": { "payment": "0.005" }, "exa * /v1/list": { "payment": "0.002" } } } } } }
        """);

    public static TheoryData<string, string, string, string, string, string> Allowed => new()
    {
        { "the path itself", "a", "https://api.exa.ai", "POST", "/search", "allow 0.01 by agents.a.allow[0] exa POST /search*" },
        { "below the path", "a", "https://api.exa.ai", "POST", "/search/deep/er", "allow 0.01 by agents.a.allow[0] exa POST /search*" },
        { "whatever begins so", "a", "https://api.exa.ai", "POST", "/searching", "allow 0.01 by agents.a.allow[0] exa POST /search*" },
        { "an exact path", "a", "https://api.exa.ai", "GET", "/v1/list", "allow 0.01 by agents.a.allow[1] exa GET /v1/list" },
        { "any method", "a", "https://shop.example", "PROPFIND", "/", "allow 0.01 by agents.a.allow[2] shop * /" },
        { "the merchant's other port", "a", "https://shop.example:8443", "GET", "/", "allow 0.01 by agents.a.allow[2] shop * /" },
        { "another method", "a", "https://api.exa.ai", "PUT", "/search", "deny MerchantNotAllowed by -" },
        { "a method in lower case", "a", "https://api.exa.ai", "post", "/search", "deny MerchantNotAllowed by -" },
        { "a path in capitals", "a", "https://api.exa.ai", "POST", "/SEARCH", "deny MerchantNotAllowed by -" },
        { "more than the exact path", "a", "https://api.exa.ai", "GET", "/v1/list/1", "deny MerchantNotAllowed by -" },
        { "the exact path with a slash", "a", "https://api.exa.ai", "GET", "/v1/list/", "deny MerchantNotAllowed by -" },
        { "less than the path", "a", "https://api.exa.ai", "POST", "/sear", "deny MerchantNotAllowed by -" },
        { "another path", "a", "https://api.exa.ai", "POST", "/", "deny MerchantNotAllowed by -" },
        { "the same path elsewhere", "a", "https://shop.example", "POST", "/search", "deny MerchantNotAllowed by -" },
        { "dots that lead out", "a", "https://api.exa.ai", "POST", "/search/../admin", "deny MerchantNotAllowed by -" },
        { "encoded dots that lead out", "a", "https://api.exa.ai", "POST", "/search/%2e%2E/admin", "deny MerchantNotAllowed by -" },
        { "dots behind an encoded slash", "a", "https://api.exa.ai", "POST", "/search%2f..%2fadmin", "deny MerchantNotAllowed by -" },
        { "dots encoded twice", "a", "https://api.exa.ai", "POST", "/search/%252e%252e/admin", "deny MerchantNotAllowed by -" },
        { "dots behind a backslash", "a", "https://api.exa.ai", "POST", "/search\\..\\admin", "deny MerchantNotAllowed by -" },
        { "dots that lead in: only one reading fits", "a", "https://api.exa.ai", "POST", "/x/../search", "deny MerchantNotAllowed by -" },
        { "needless encoding: only one reading fits", "a", "https://api.exa.ai", "POST", "/%73earch", "deny MerchantNotAllowed by -" },
        { "two slashes: only one reading fits", "a", "https://api.exa.ai", "POST", "//search", "deny MerchantNotAllowed by -" },
        { "a parameter in an exact path", "a", "https://api.exa.ai", "GET", "/v1/list;x=1", "deny MerchantNotAllowed by -" },
        { "dots within a name are plain", "a", "https://api.exa.ai", "POST", "/search/a..b", "allow 0.01 by agents.a.allow[0] exa POST /search*" },
        { "encoding that is needed", "a", "https://api.exa.ai", "POST", "/search/caf%c3%a9", "allow 0.01 by agents.a.allow[0] exa POST /search*" },
        { "a broken encoding", "a", "https://api.exa.ai", "POST", "/search/%zz%4", "allow 0.01 by agents.a.allow[0] exa POST /search*" },
        { "no path", "a", "https://api.exa.ai", "POST", "search", "deny MerchantNotAllowed by -" },
        { "an empty path", "a", "https://shop.example", "GET", "", "deny MerchantNotAllowed by -" },
    };

    public static TheoryData<string, string, string, string, string, string> Denied => new()
    {
        { "the path itself", "d", "https://api.exa.ai", "GET", "/admin", "deny Denied by agents.d.deny[0] exa * /admin*" },
        { "below the path", "d", "https://api.exa.ai", "GET", "/admin/keys", "deny Denied by agents.d.deny[0] exa * /admin*" },
        { "another path", "d", "https://api.exa.ai", "GET", "/search", "allow 0.01 by agents.d.allow[0] *" },
        { "another merchant", "d", "https://shop.example", "GET", "/admin", "allow 0.01 by agents.d.allow[0] *" },
        { "another method", "d", "https://api.exa.ai", "GET", "/v1/list", "allow 0.01 by agents.d.allow[0] *" },
        { "the method", "d", "https://api.exa.ai", "DELETE", "/v1/list", "deny Denied by agents.d.deny[1] exa DELETE /v1/list" },
        { "the method in lower case", "d", "https://api.exa.ai", "delete", "/v1/list", "deny Denied by agents.d.deny[1] exa DELETE /v1/list" },
        { "the path in capitals", "d", "https://api.exa.ai", "GET", "/ADMIN/keys", "deny Denied by agents.d.deny[0] exa * /admin*" },
        { "dots that lead in", "d", "https://api.exa.ai", "GET", "/search/../admin", "deny Denied by agents.d.deny[0] exa * /admin*" },
        { "dots that lead out", "d", "https://api.exa.ai", "GET", "/admin/../search", "deny Denied by agents.d.deny[0] exa * /admin*" },
        { "a letter encoded", "d", "https://api.exa.ai", "GET", "/%61dmin", "deny Denied by agents.d.deny[0] exa * /admin*" },
        { "a letter encoded twice", "d", "https://api.exa.ai", "GET", "/%2561dmin", "deny Denied by agents.d.deny[0] exa * /admin*" },
        { "a letter encoded three times", "d", "https://api.exa.ai", "GET", "/%252561dmin", "deny Denied by agents.d.deny[0] exa * /admin*" },
        { "two slashes", "d", "https://api.exa.ai", "GET", "//admin", "deny Denied by agents.d.deny[0] exa * /admin*" },
        { "a dot segment", "d", "https://api.exa.ai", "GET", "/./admin", "deny Denied by agents.d.deny[0] exa * /admin*" },
        { "a backslash", "d", "https://api.exa.ai", "GET", "/x\\..\\admin", "deny Denied by agents.d.deny[0] exa * /admin*" },
        { "an encoded backslash", "d", "https://api.exa.ai", "GET", "/x%5c..%5Cadmin", "deny Denied by agents.d.deny[0] exa * /admin*" },
        { "a parameter", "d", "https://api.exa.ai", "DELETE", "/v1;a=b/list;c", "deny Denied by agents.d.deny[1] exa DELETE /v1/list" },
        { "more dots than folders", "d", "https://api.exa.ai", "GET", "/../../admin", "deny Denied by agents.d.deny[0] exa * /admin*" },
        { "a path that is none", "d", "https://api.exa.ai", "GET", "admin", "deny Denied by agents.d.deny[0] exa * /admin*" },
        { "the other port of TLS", "d", "https://shop.example:80", "POST", "/buy", "deny Denied by agents.d.deny[2] shop POST /buy" },
        { "the merchant's listed port", "d", "https://shop.example:8443", "POST", "/buy", "deny Denied by agents.d.deny[2] shop POST /buy" },
        { "an exact path is not what begins so", "d", "https://shop.example", "POST", "/buyer", "allow 0.01 by agents.d.allow[0] *" },
        { "a deny within an allowed merchant", "both", "https://api.exa.ai", "POST", "/search/x", "deny Denied by agents.both.deny[0] exa POST /search*" },
        { "the rest of an allowed merchant", "both", "https://api.exa.ai", "POST", "/answer", "allow 0.01 by agents.both.allow[0] exa" },
    };

    public static TheoryData<string, string, string, string, string, string> Limited => new()
    {
        { "in the endpoint", "i", "https://api.exa.ai", "POST", "/search", "deny AmountOverPaymentLimit by agents.i.limits.in[\"exa POST /search*\"].payment" },
        { "another method", "i", "https://api.exa.ai", "GET", "/search", "allow 0.01 by agents.i.allow[0] *" },
        { "another path", "i", "https://api.exa.ai", "POST", "/answer", "allow 0.01 by agents.i.allow[0] *" },
        { "another merchant", "i", "https://shop.example", "POST", "/search", "allow 0.01 by agents.i.allow[0] *" },
        { "by the other reading", "i", "https://api.exa.ai", "POST", "/x/..//%73earch", "deny AmountOverPaymentLimit by agents.i.limits.in[\"exa POST /search*\"].payment" },
        { "by the reading as sent", "i", "https://api.exa.ai", "POST", "/search/../answer", "deny AmountOverPaymentLimit by agents.i.limits.in[\"exa POST /search*\"].payment" },
        { "in capitals", "i", "https://api.exa.ai", "post", "/Search", "deny AmountOverPaymentLimit by agents.i.limits.in[\"exa POST /search*\"].payment" },
        { "any method", "i", "https://api.exa.ai", "PUT", "/v1/list", "deny AmountOverPaymentLimit by agents.i.limits.in[\"exa * /v1/list\"].payment" },
        { "in both readings of two endpoints, the lowest counts", "i", "https://api.exa.ai", "POST", "/search/../v1/list", "deny AmountOverPaymentLimit by agents.i.limits.in[\"exa * /v1/list\"].payment" },
    };

    [Theory, MemberData(nameof(Allowed)), MemberData(nameof(Denied)), MemberData(nameof(Limited))]
    public void Endpoints_are_told_apart_by_the_stricter_reading(string note, string agent, string url, string method, string path, string verdict)
    {
        Assert.NotEmpty(note);
        Assert.Equal(verdict, Given.Judge(Policy, Given.Question(agent, url, method: method, path: path)));
    }

    [Fact]
    public void A_path_that_may_have_lost_its_end_fits_every_deny_and_no_allow()
    {
        var cut = "/search/" + new string('a', RequestPath.MaxLength - 8);

        Assert.Equal("deny MerchantNotAllowed by -", Given.Judge(Policy, Given.Question("a", method: "POST", path: cut)));
        Assert.Equal("deny Denied by agents.d.deny[0] exa * /admin*", Given.Judge(Policy, Given.Question("d", path: cut)));
        Assert.Equal("allow 0.01 by agents.a.allow[0] exa POST /search*", Given.Judge(Policy, Given.Question("a", method: "POST", path: cut[..^1])));
    }

    [Theory]
    [InlineData("/", "/")]
    [InlineData("/a/b", "/a/b")]
    [InlineData("/a/b/", "/a/b/")]
    [InlineData("//a///b", "/a/b")]
    [InlineData("/a/./b/.", "/a/b/")]
    [InlineData("/a/../b/..", "/")]
    [InlineData("/a/b/..", "/a/")]
    [InlineData("/../..", "/")]
    [InlineData("/%7Euser/%2D", "/~user/-")]
    [InlineData("/%25%37%45", "/~")]
    [InlineData("/a%2Fb%5cc", "/a/b/c")]
    [InlineData("/a;x=1/b;y", "/a/b")]
    [InlineData("/caf%c3%a9/%20", "/caf%C3%A9/%20")]
    [InlineData("/%", "/%")]
    [InlineData("/%4", "/%4")]
    [InlineData("/a..b/...", "/a..b/...")]
    public void A_path_has_one_plain_form(string path, string plain)
    {
        Assert.Equal(plain, RequestPath.Normalise(path));
        Assert.Equal(plain, RequestPath.Normalise(plain));
    }
}
