using SmartProxy.Payments;

namespace SmartProxy.Forwarding.Targets;

/// <summary>Refusals by the policy's host lists, on tunnels and plain requests alike.</summary>
internal static class EgressRefusals
{
    public static Refusal NotListed { get; } = new(
        StatusCodes.Status403Forbidden, "egress_not_allowed", "the policy lets this agent reach listed hosts only; ask the operator to list this one");

    public static Refusal Port { get; } = new(
        StatusCodes.Status403Forbidden, "port_not_allowed", "only ports 443 and 80 and those of listed merchants are open; ask the operator to list this one");
}
