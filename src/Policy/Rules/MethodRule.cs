namespace SmartProxy.Policy.Rules;

/// <summary>Which methods are paid: never those that ask about a resource; HEAD and upgrades where the merchant says so.</summary>
internal static class MethodRule
{
    /// <summary>What refuses and what would pass, or null.</summary>
    public static (string Rule, string WouldPass)? Problem(PaymentQuestion question, MerchantRule? merchant)
    {
        if (question.Method is var method && (Is("OPTIONS") || Is("TRACE") || Is("CONNECT")))
        {
            return (PolicyEvaluator.Nothing, $"another method: {Document.Node.Show(method)} is never paid");
        }

        if (Is("HEAD") && merchant?.PayHead != true)
        {
            return (Words(merchant, "payHead"), "GET, or `payHead` at the merchant");
        }

        return question.IsUpgrade && merchant?.PayUpgrades != true
            ? (Words(merchant, "payUpgrades"), "a request without upgrade, or `payUpgrades` at the merchant")
            : null;

        bool Is(string word) => method.Equals(word, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>A key of the merchant by its words, or none where no merchant names the host.</summary>
    public static string Words(MerchantRule? merchant, string key) => merchant is null ? PolicyEvaluator.Nothing : $"{merchant.Words}.{key}";
}
