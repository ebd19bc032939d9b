using SmartProxy.Protocol;

namespace SmartProxy.Identity;

/// <summary>Who an agent is, by the credentials of a proxy request.</summary>
internal interface IAgentAuthenticator
{
    /// <summary>
    /// Judges a <c>Proxy-Authorization</c> value: <c>Basic agent:token</c> or <c>Bearer token</c>. Null for missing, wrong, revoked and expired
    /// alike; the same work is done for all of them.
    /// </summary>
    AgentIdentity? Authenticate(string? proxyAuthorization);
}

/// <summary>An authenticated agent. Fixed per tunnel at CONNECT and per request on plain connections.</summary>
/// <param name="Agent">The agent.</param>
/// <param name="Ended">Fires when the token is revoked or expires: open tunnels end within a second.</param>
internal sealed record AgentIdentity(AgentId Agent, CancellationToken Ended);
