using System.Collections.Immutable;
using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>Who may not pay right now, as one immutable value that is swapped whole and read without a lock.</summary>
/// <param name="Everyone">Why nobody may pay, or null.</param>
/// <param name="Agents">Why single agents may not.</param>
public sealed record FreezeState(string? Everyone, ImmutableDictionary<AgentId, string> Agents)
{
    public static readonly FreezeState None = new(null, ImmutableDictionary<AgentId, string>.Empty);

    public string? ReasonFor(AgentId agent) => Everyone ?? Agents.GetValueOrDefault(agent);

    public FreezeState With(LedgerEvent.Frozen frozen) =>
        frozen.Agent is { } agent ? this with { Agents = Agents.SetItem(agent, frozen.Reason) } : this with { Everyone = frozen.Reason };

    public FreezeState Without(AgentId? agent) =>
        agent is { } one ? this with { Agents = Agents.Remove(one) } : this with { Everyone = null };
}
