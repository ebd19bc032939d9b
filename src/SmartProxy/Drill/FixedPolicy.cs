using SmartProxy.Forwarding.Targets;
using SmartProxy.Policies;
using SmartProxy.Policy;
using SmartProxy.Protocol;

namespace SmartProxy.Drill;

/// <summary>A policy in force that nobody changes.</summary>
internal sealed class FixedPolicy(PolicySet policy) : IPolicyView
{
    private readonly PolicyEvaluator _evaluator = new(policy);

    public event Action? Changed
    {
        add { }
        remove { }
    }

    public Bytes32? Hash => policy.Hash;

    public (Bytes32? PolicyHash, IReadOnlyList<Verdict> Verdicts) Judge(IReadOnlyList<PaymentQuestion> questions) => (policy.Hash, [.. questions.Select(_evaluator.Judge)]);

    // A drill has no tunnels and no names of its own.
    public TunnelTreatment Treat(AgentId agent, HostName host, int port) => TunnelTreatment.Refuse;

    public NamedUpstream? UpstreamOf(string merchant) => null;

    public IReadOnlyList<BudgetLine> LinesOf(AgentId agent) => policy.LinesOf(agent);
}
