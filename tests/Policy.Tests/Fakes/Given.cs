using System.Numerics;
using System.Text;
using SmartProxy.Protocol;
using SmartProxy.TestKit;

namespace SmartProxy.Policy.Tests.Fakes;

/// <summary>Policies and questions for tests.</summary>
internal static class Given
{
    /// <summary>A Wednesday.</summary>
    public static readonly DateTimeOffset Noon = new(2026, 11, 25, 12, 0, 0, TimeSpan.Zero);

    public const string Seller = "0x1111111111111111111111111111111111111111";
    public const string Stranger = "0x2222222222222222222222222222222222222222";

    public static PolicyLoad Load(string json) => PolicyLoader.Load(Encoding.UTF8.GetBytes(json), "policies.json", TestTokens.Registry);

    public static PolicySet Policy(string json)
    {
        var load = Load(json);
        Assert.Empty(load.Problems);
        return load.Policy!;
    }

    public static PaymentQuestion Question(
        string agent = "me",
        string url = "https://api.exa.ai",
        string price = "10000",
        string payTo = Seller,
        string method = "GET",
        bool upgrade = false,
        ChainId? network = null,
        EvmAddress? asset = null,
        string scheme = "exact",
        string domain = "USDC/2",
        string? maxPrice = null,
        string path = "/search",
        DateTimeOffset? at = null)
    {
        Assert.True(Origin.TryParse(url, out var origin), url);
        Assert.True(AgentId.TryParse(agent, out var id), agent);
        var ceiling = Usd.TryParse(maxPrice, out var most) ? most : (Usd?)null;
        var offer = SampleOffer.Cent with
        {
            Scheme = scheme,
            Network = network ?? TestTokens.Sepolia,
            NetworkText = (network ?? TestTokens.Sepolia).ToString(),
            Amount = BigInteger.Parse(price),
            Asset = asset ?? TestTokens.Usdc,
            PayTo = EvmAddress.Parse(payTo),
            DomainName = domain.Split('/')[0],
            DomainVersion = domain.Split('/')[1],
        };
        return new PaymentQuestion(id, method, upgrade, origin, offer, ceiling) { Path = path, At = at ?? Noon };
    }

    /// <summary>The verdict of a policy on a question, in few words.</summary>
    public static string Judge(PolicySet policy, PaymentQuestion question) => Words(new PolicyEvaluator(policy).Judge(question));

    /// <summary>A verdict in few words: <c>allow 0.01 by …</c>, <c>deny Denied by …</c>.</summary>
    public static string Words(Verdict verdict) => verdict switch
    {
        Verdict.Allowed allowed => $"allow {allowed.Facts.Value} by {allowed.Rule}",
        Verdict.Denied denied => $"deny {denied.Reason} by {denied.Rule}",
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
