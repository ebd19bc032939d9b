using SmartProxy.Protocol;

namespace SmartProxy.Policy.Rules;

/// <summary>The four owners whose limits a payment can meet.</summary>
internal readonly struct Pots(PolicySet policy, AgentId id, AgentRule agent, MerchantRule? merchant)
{
    private const int UsualLines = 32;

    private readonly Pot _agent = policy.AgentPot(id, agent);
    private readonly Pot? _group = policy.GroupPot(agent);
    private readonly Pot? _merchant = policy.MerchantPot(merchant);
    private readonly Pot _organization = policy.OrganizationPot;

    public LimitRule? LowestPayment(in Purchase purchase)
    {
        var lowest = _agent.LowestPayment(purchase, null);
        lowest = _group is null ? lowest : _group.LowestPayment(purchase, lowest);
        lowest = _merchant is null ? lowest : _merchant.LowestPayment(purchase, lowest);
        return _organization.LowestPayment(purchase, lowest);
    }

    public List<BudgetLine> Lines(in Purchase purchase)
    {
        var lines = new List<BudgetLine>(UsualLines);
        _agent.AddLines(purchase, lines);
        _group?.AddLines(purchase, lines);
        _merchant?.AddLines(purchase, lines);
        _organization.AddLines(purchase, lines);
        return lines;
    }
}
