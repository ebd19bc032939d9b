using SmartProxy.Policy.Document;
using SmartProxy.Policy.Rules;
using SmartProxy.Protocol;

namespace SmartProxy.Policy;

/// <summary>What a policy wants for a tunnel.</summary>
public enum TunnelRule
{
    /// <summary>The policy could pay this host, or asks to see everything.</summary>
    Intercept,

    /// <summary>The policy could not pay this host.</summary>
    Blind,

    /// <summary>The policy's <c>egress</c> is <c>listed-only</c> and the host is not listed.</summary>
    Refuse,

    /// <summary>The port is neither 443 nor 80 nor listed for this host.</summary>
    RefusePort,
}

/// <summary>Decides what is decrypted, and where WebSockets may be opened. Looks at hosts only (an endpoint that may be paid makes its host one; an endpoint that is denied leaves it one), never at budget, time or freeze, so that a tunnel's fate does not depend on the hour.</summary>
public static class TunnelJudge
{
    public static TunnelRule Judge(PolicySet? policy, AgentId agent, HostName host, int port)
    {
        var target = Target.OfTunnel(host, port);
        var rule = policy?.Agents.Find(agent);
        if (!target.IsDefaultPort && !(policy is not null && rule is not null && ListsPort(policy, rule, target)))
        {
            return TunnelRule.RefusePort;
        }

        // Without an entry nothing can be paid, and nothing asks for egress to be closed.
        if (policy is null || rule is null)
        {
            return TunnelRule.Blind;
        }

        var payable = IsPayable(policy, rule, target);
        if (!payable && rule.Egress == EgressRule.ListedOnly)
        {
            return TunnelRule.Refuse;
        }

        return payable || rule.Intercept == InterceptRule.All ? TunnelRule.Intercept : TunnelRule.Blind;
    }

    /// <summary>Whether an agent may open WebSockets at a host. Inside tunnels that are not decrypted nobody sees them.</summary>
    public static bool AllowsWebSockets(PolicySet? policy, AgentId agent, HostName host, int port) =>
        policy?.Agents.Find(agent) is not { } rule
        || rule.WebSockets switch
        {
            WebSocketRule.Any => true,
            WebSocketRule.Listed => IsPayable(policy, rule, Target.OfTunnel(host, port)),
            WebSocketRule.None => false,
        };

    private static bool IsPayable(PolicySet policy, AgentRule rule, in Target target)
    {
        var site = policy.Hosts.Locate(target);
        return rule.Deny.Match(site) is null && (rule.Allow.Match(site) is not null || rule.Allow.HasEndpoint(site));
    }

    private static bool ListsPort(PolicySet policy, AgentRule rule, in Target target) =>
        policy.Hosts.ListsPort(target) || rule.Allow.ListsPort(target);
}
