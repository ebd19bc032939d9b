using System.Reflection;

namespace SmartProxy.Tests.Architecture;

/// <summary>The table of projects and arrows is a fact, not a wish.</summary>
public sealed class ProjectArrowTests
{
    public static TheoryData<string, string[]> Arrows => new()
    {
        { "SmartProxy.Protocol", [] },
        { "SmartProxy.Policy", ["SmartProxy.Protocol"] },
        { "SmartProxy.Ledger", ["SmartProxy.Protocol"] },
        { "SmartProxy.Wallet", ["BouncyCastle.Cryptography", "SmartProxy.Protocol"] },
    };

    [Theory, MemberData(nameof(Arrows))]
    public void A_project_uses_only_what_its_arrow_allows(string project, string[] allowed)
    {
        var used = Assembly.Load(project).GetReferencedAssemblies()
            .Select(reference => reference.Name!)
            .Where(name => !name.StartsWith("System", StringComparison.Ordinal) && name is not ("netstandard" or "mscorlib"))
            .Where(name => !name.StartsWith("Microsoft.Extensions", StringComparison.Ordinal))
            .Order()
            .ToArray();

        Assert.Empty(used.Except(allowed));
    }
}
