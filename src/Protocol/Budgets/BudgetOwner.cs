namespace SmartProxy.Protocol;

/// <summary>Whose pot a limit is on.</summary>
public enum BudgetOwnerKind
{
    Organization,
    Group,
    Merchant,
    Agent,
}

/// <summary>An owner of limits; also what a grant is given to.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Name">Its name; empty for the organization.</param>
public readonly record struct BudgetOwner(BudgetOwnerKind Kind, string Name)
{
    public const string Expected = "`organization`, `group:NAME`, `merchant:NAME` or `agent:NAME`";

    public static readonly BudgetOwner Organization = new(BudgetOwnerKind.Organization, "");

    public static BudgetOwner Agent(AgentId agent) => new(BudgetOwnerKind.Agent, agent.Value);

    public static BudgetOwner Group(string name) => new(BudgetOwnerKind.Group, name);

    public static BudgetOwner Merchant(string name) => new(BudgetOwnerKind.Merchant, name);

    /// <summary>Reads what <see cref="ToString"/> writes.</summary>
    public static bool TryParse(string? text, out BudgetOwner owner)
    {
        owner = Organization;
        var colon = text?.IndexOf(':', StringComparison.Ordinal) ?? -1;
        if (colon < 0)
        {
            return text == "organization";
        }

        var name = text![(colon + 1)..];
        BudgetOwnerKind? kind = text[..colon] switch
        {
            "group" => BudgetOwnerKind.Group,
            "merchant" => BudgetOwnerKind.Merchant,
            "agent" => BudgetOwnerKind.Agent,
            _ => null,
        };
        owner = new BudgetOwner(kind ?? BudgetOwnerKind.Organization, name);
        return kind is not null && AgentId.TryParse(name, out _);
    }

    /// <summary><c>agent:me</c>, <c>group:lab</c>, <c>merchant:exa</c>, <c>organization</c>.</summary>
    public override string ToString() => Kind switch
    {
        BudgetOwnerKind.Organization => "organization",
        BudgetOwnerKind.Group => $"group:{Name}",
        BudgetOwnerKind.Merchant => $"merchant:{Name}",
        BudgetOwnerKind.Agent => $"agent:{Name}",
    };
}
