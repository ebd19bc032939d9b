using CsCheck;
using SmartProxy.Policy.Tests.Fakes;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Tests;

/// <summary>Whatever the policy: order means nothing, a deny only takes away, a lower limit only takes away.</summary>
public sealed class PolicyPropertyTests
{
    private static readonly string[] Selectors = ["*", "exa", "papers", "category:search", "category:data", "category:gambling", "*.example", "a.papers.example", "free.example", "0x2222222222222222222222222222222222222222"];
    private static readonly string[] Urls = ["https://api.exa.ai", "https://a.papers.example", "https://b.papers.example", "https://free.example", "https://x.casino.example", "https://free.example:8443", "http://free.example"];

    private static readonly Gen<string[]> Allow = Pick(Selectors[..^1]).Array[0, 4].Select(a => a.Distinct().ToArray());
    private static readonly Gen<string[]> Deny = Pick(Selectors).Array[0, 3].Select(a => a.Distinct().ToArray());
    private static readonly Gen<(string Key, int Cents)[]> Limits = Gen.Select(Pick("payment", "day", "week", "month", "total", "1h"), Gen.Int[0, 300]).Array[0, 4].Select(a => a.DistinctBy(l => l.Item1).ToArray());

    private static readonly Gen<(string Url, string PayTo, int Cents)> Purchase =
        Gen.Select(Pick(Urls), Pick(Given.Seller, Given.Stranger), Gen.Int[0, 300]);

    [Fact]
    public void The_order_of_the_file_means_nothing() =>
        Gen.Select(Allow, Deny, Limits, Purchase).Sample((allow, deny, limits, purchase) =>
            Outcome(allow, deny, limits, purchase) == Outcome([.. allow.Reverse()], [.. deny.Reverse()], [.. limits.Reverse()], purchase, reversed: true), iter: 400);

    [Fact]
    public void A_deny_more_never_allows_more() =>
        Gen.Select(Allow, Deny, Limits, Purchase, Pick(Selectors)).Sample((allow, deny, limits, purchase, more) =>
            !IsAllowed(allow, [.. deny.Append(more).Distinct()], limits, purchase) || IsAllowed(allow, deny, limits, purchase), iter: 400);

    [Fact]
    public void An_allow_less_never_allows_more() =>
        Gen.Select(Allow, Deny, Limits, Purchase).Sample((allow, deny, limits, purchase) =>
            !IsAllowed([.. allow.Skip(1)], deny, limits, purchase) || IsAllowed(allow, deny, limits, purchase), iter: 400);

    [Fact]
    public void A_lower_limit_never_allows_more() =>
        Gen.Select(Allow, Deny, Limits, Purchase, Gen.Int[0, 300]).Sample((allow, deny, limits, purchase, less) =>
        {
            var lower = limits.Select(l => (l.Key, Math.Max(0, l.Cents - less))).ToArray();
            if (Judge(allow, deny, lower, purchase) is not Verdict.Allowed tight)
            {
                return true;
            }

            // Allowed under the lower limits means allowed under the higher ones, on the same lines with no less room.
            return Judge(allow, deny, limits, purchase) is Verdict.Allowed wide
                && wide.Lines.Count == tight.Lines.Count
                && wide.Lines.OrderBy(l => l.Id, StringComparer.Ordinal).Zip(tight.Lines.OrderBy(l => l.Id, StringComparer.Ordinal)).All(p => p.First.Id == p.Second.Id && p.First.Limit.Units >= p.Second.Limit.Units);
        }, iter: 400);

    [Fact]
    public void Any_bytes_are_answered_with_problems_and_never_with_an_exception()
    {
        var good = File.ReadAllBytes(TestKit.Repository.PathOf("policies.example.json"));
        Gen.Select(Gen.Int[0, good.Length - 1], Gen.Byte, Gen.Int[0, good.Length - 1], Gen.Int[0, 40]).Sample((at, value, cut, length) =>
        {
            var bytes = good.ToArray();
            bytes[at] = value;
            byte[] shorter = [.. bytes.AsSpan(0, cut), .. bytes.AsSpan(Math.Min(bytes.Length, cut + length))];
            foreach (var text in new[] { bytes, shorter })
            {
                var load = PolicyLoader.Load(text, "p", TestTokens.Registry);
                if (load.Policy is null == (load.Problems.Count == 0))
                {
                    return false;
                }
            }

            return true;
        }, iter: 1500);
    }

    private static bool IsAllowed(string[] allow, string[] deny, (string, int)[] limits, (string, string, int) purchase) =>
        Judge(allow, deny, limits, purchase) is Verdict.Allowed;

    private static string Outcome(string[] allow, string[] deny, (string, int)[] limits, (string, string, int) purchase, bool reversed = false) =>
        Judge(allow, deny, limits, purchase, reversed) switch
        {
            Verdict.Allowed allowed => "allow " + string.Join(' ', allowed.Lines.Select(l => $"{l.Id}={l.Limit}").Order(StringComparer.Ordinal)),
            Verdict.Denied denied => $"deny {denied.Reason} {denied.Limit}",
            _ => throw new System.Diagnostics.UnreachableException(),
        };

    private static Verdict Judge(string[] allow, string[] deny, (string Key, int Cents)[] limits, (string Url, string PayTo, int Cents) purchase, bool reversed = false)
    {
        string[] merchants =
        [
            """ "exa": { "hosts": "api.exa.ai", "category": "search" } """,
            """ "papers": { "hosts": "*.papers.example", "category": "data", "limits": { "payment": "2.00" } } """,
        ];
        string[] members =
        [
            $"\"allow\": [{Quoted(allow)}]",
            $"\"deny\": [{Quoted(deny)}]",
            $"\"limits\": {{ {string.Join(", ", limits.Select(l => $"\"{l.Key}\": \"{l.Cents / 100}.{l.Cents % 100:D2}\""))} }}",
        ];
        string[] parts =
        [
            """ "networks": ["base-sepolia"] """,
            $"\"merchants\": {{ {string.Join(", ", reversed ? merchants.Reverse() : merchants)} }}",
            """ "categories": { "gambling": ["*.casino.example"] } """,
            $"\"agents\": {{ \"me\": {{ {string.Join(", ", reversed ? members.Reverse() : members)} }} }}",
        ];
        var policy = Given.Policy($"{{ {string.Join(", ", reversed ? parts.Reverse() : parts)} }}");
        return new PolicyEvaluator(policy).Judge(Given.Question("me", purchase.Url, $"{purchase.Cents * 10_000}", purchase.PayTo));
    }

    private static string Quoted(string[] items) => string.Join(", ", items.Select(i => $"\"{i}\""));

    private static Gen<string> Pick(params string[] items) => Gen.Int[0, items.Length - 1].Select(i => items[i]);
}
