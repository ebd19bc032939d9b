using SmartProxy.Policy.Tests.Fakes;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Tests;

public sealed class TunnelJudgeTests
{
    private static readonly PolicySet Policy = Given.Policy("""
        { "networks": ["base-sepolia"],
          "merchants": { "exa": { "hosts": ["api.exa.ai", "api.exa.ai:8443"] } },
          "policies": { "choosy": { "webSockets": "listed" } },
          "agents": {
            "open": { "allow": ["exa", "shop.example:9443"], "deny": ["bad.example"] },
            "closed": { "allow": ["exa", "*.docs.example"], "deny": ["private.docs.example"], "egress": "listed-only" },
            "watched": { "allow": ["exa"], "intercept": "all" },
            "both": { "allow": ["exa"], "egress": "listed-only", "intercept": "all" },
            "part": { "allow": ["exa POST /search"] },
            "partly": { "allow": ["exa"], "deny": ["exa * /admin*"], "egress": "listed-only" },
            "mute": { "allow": ["exa"], "webSockets": "none" },
            "choosy": { "policy": "choosy", "allow": ["exa", "shop.example:9443"], "deny": ["bad.example"] },
            "free": { "policy": "choosy", "allow": ["exa"], "webSockets": "any" },
            "never": { "allow": ["exa POST /search"], "deny": ["exa"] },
            "all": { "allow": ["*"], "deny": ["bad.example", "0x2222222222222222222222222222222222222222"] } } }
        """);

    public static TheoryData<string, string, int, TunnelRule> Cases => new()
    {
        { "open", "api.exa.ai", 443, TunnelRule.Intercept },
        { "open", "api.exa.ai", 80, TunnelRule.Intercept },
        { "open", "api.exa.ai", 8443, TunnelRule.Intercept },
        { "open", "api.exa.ai", 8444, TunnelRule.RefusePort },
        { "open", "other.example", 8443, TunnelRule.RefusePort },
        { "open", "shop.example", 9443, TunnelRule.Intercept },
        { "closed", "shop.example", 9443, TunnelRule.RefusePort },
        { "open", "other.example", 443, TunnelRule.Blind },
        { "open", "bad.example", 443, TunnelRule.Blind },
        { "open", "other.example", 22, TunnelRule.RefusePort },
        { "closed", "a.docs.example", 443, TunnelRule.Intercept },
        { "closed", "private.docs.example", 443, TunnelRule.Refuse },
        { "closed", "docs.example", 443, TunnelRule.Refuse },
        { "closed", "10.0.0.1", 443, TunnelRule.Refuse },
        { "watched", "other.example", 443, TunnelRule.Intercept },
        { "both", "other.example", 443, TunnelRule.Refuse },
        { "part", "api.exa.ai", 443, TunnelRule.Intercept },
        { "part", "api.exa.ai", 8443, TunnelRule.Intercept },
        { "part", "other.example", 443, TunnelRule.Blind },
        { "partly", "api.exa.ai", 443, TunnelRule.Intercept },
        { "never", "api.exa.ai", 443, TunnelRule.Blind },
        { "all", "anything.example", 443, TunnelRule.Intercept },
        { "all", "anything.example", 8443, TunnelRule.RefusePort },
        { "all", "bad.example", 443, TunnelRule.Blind },
        { "stranger", "api.exa.ai", 443, TunnelRule.Blind },
        { "stranger", "api.exa.ai", 8443, TunnelRule.RefusePort },
    };

    [Theory, MemberData(nameof(Cases))]
    public void A_tunnel_is_opened_only_where_the_policy_could_pay(string agent, string host, int port, TunnelRule expected)
    {
        Assert.True(HostName.TryParse(host, out var name));
        Assert.Equal(expected, TunnelJudge.Judge(Policy, new AgentId(agent), name, port));
    }

    [Theory]
    [InlineData("open", "other.example", 443, true)]
    [InlineData("mute", "api.exa.ai", 443, false)]
    [InlineData("mute", "other.example", 443, false)]
    [InlineData("choosy", "api.exa.ai", 443, true)]
    [InlineData("choosy", "api.exa.ai", 80, true)]
    [InlineData("choosy", "shop.example", 9443, true)]
    [InlineData("choosy", "other.example", 443, false)]
    [InlineData("choosy", "bad.example", 443, false)]
    [InlineData("free", "other.example", 443, true)]
    [InlineData("stranger", "other.example", 443, true)]
    public void Web_sockets_are_opened_where_the_agent_may(string agent, string host, int port, bool expected)
    {
        Assert.True(HostName.TryParse(host, out var name));
        Assert.Equal(expected, TunnelJudge.AllowsWebSockets(Policy, new AgentId(agent), name, port));
        Assert.True(TunnelJudge.AllowsWebSockets(null, new AgentId(agent), name, port));
    }

    [Fact]
    public void Without_a_policy_nothing_is_opened()
    {
        Assert.True(HostName.TryParse("api.exa.ai", out var host));
        Assert.Equal(TunnelRule.Blind, TunnelJudge.Judge(null, new AgentId("open"), host, 443));
        Assert.Equal(TunnelRule.RefusePort, TunnelJudge.Judge(null, new AgentId("open"), host, 8443));
    }
}
