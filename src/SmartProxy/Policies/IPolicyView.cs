using SmartProxy.Forwarding.Targets;
using SmartProxy.Policy;
using SmartProxy.Protocol;

namespace SmartProxy.Policies;

/// <summary>The policy in force, as one immutable snapshot that is swapped whole.</summary>
internal interface IPolicyView
{
    /// <summary>Hash of the snapshot that <see cref="Judge"/> and <see cref="Treat"/> use right now; null when no good policy is loaded.</summary>
    Bytes32? Hash { get; }

    /// <summary>Judges every question under one snapshot.</summary>
    (Bytes32? PolicyHash, IReadOnlyList<Verdict> Verdicts) Judge(IReadOnlyList<PaymentQuestion> questions);

    /// <summary>What becomes of a tunnel. Looks at host lists only, never at budget, time or freeze.</summary>
    TunnelTreatment Treat(AgentId agent, HostName host, int port);

    /// <summary>The upstream of a merchant that has one; null for any other name.</summary>
    NamedUpstream? UpstreamOf(string merchant);

    /// <summary>The longest validity and the limits of an agent, for <c>/v1/me</c>: every line that a payment could draw on, merchants and categories left out.</summary>
    IReadOnlyList<BudgetLine> LinesOf(AgentId agent);

    /// <summary>Raised after a new snapshot is in force; tunnels whose treatment changed end.</summary>
    event Action? Changed;
}

internal enum TunnelTreatment
{
    /// <summary>TLS is ended here: the policy could pay this host, or asks to see everything.</summary>
    Intercept,

    /// <summary>Bytes are relayed unseen: the policy could not pay this host.</summary>
    Blind,

    /// <summary>The policy's <c>egress</c> is <c>listed-only</c> and the host is not listed: 403 <c>egress_not_allowed</c>.</summary>
    Refuse,

    /// <summary>The port is neither 443 nor 80 nor a listed merchant's: 403 <c>port_not_allowed</c>.</summary>
    RefusePort,
}
