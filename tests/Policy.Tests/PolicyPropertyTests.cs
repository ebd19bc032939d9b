using System.Text.Json.Nodes;
using CsCheck;
using SmartProxy.Policy.Tests.Fakes;
using SmartProxy.Protocol;
using SmartProxy.TestKit;

namespace SmartProxy.Policy.Tests;

/// <summary>Whatever the policy: order means nothing, a deny only takes away, a lower limit only takes away, no sum overflows.</summary>
public sealed class PolicyPropertyTests
{
    private const int Times = 400;

    [Fact]
    public void The_order_of_the_file_means_nothing() =>
        Gen.Select(RandomPolicy.Any, RandomPolicy.Purchase, Gen.Int).Sample((policy, purchase, seed) =>
            Outcome(policy.Judge(purchase)) == Outcome(RandomPolicy.Judge((JsonObject)Shuffled(policy.ToJson(), new Random(seed))!, purchase)), iter: Times);

    [Fact]
    public void The_order_of_the_example_means_nothing()
    {
        var example = JsonNode.Parse(File.ReadAllText(Repository.PathOf("policies.example.json")), documentOptions: new() { CommentHandling = System.Text.Json.JsonCommentHandling.Skip })!;
        var policy = Given.Policy(example.ToJsonString());
        Gen.Select(RandomPolicy.Purchase, RandomPolicy.Pick("r-1", "r-12", "kiosk", "me"), Gen.Int).Sample((purchase, agent, seed) =>
        {
            var question = purchase with { Agent = new AgentId(agent) };
            var shuffled = Given.Policy(Shuffled(example, new Random(seed))!.ToJsonString());
            return Outcome(new PolicyEvaluator(policy).Judge(question)) == Outcome(new PolicyEvaluator(shuffled).Judge(question));
        }, iter: Times);
    }

    [Fact]
    public void A_deny_more_never_allows_more() =>
        Gen.Select(RandomPolicy.Any, RandomPolicy.Purchase, RandomPolicy.Pick(RandomPolicy.Selectors)).Sample((policy, purchase, more) =>
            policy.Judge(purchase) is Verdict.Allowed || (policy with { Deny = [.. policy.Deny.Append(more).Distinct()] }).Judge(purchase) is Verdict.Denied, iter: Times);

    [Fact]
    public void An_allow_less_never_allows_more() =>
        Gen.Select(RandomPolicy.Any, RandomPolicy.Purchase).Sample((policy, purchase) =>
            policy.Judge(purchase) is Verdict.Allowed || (policy with { Allow = [.. policy.Allow.Skip(1)] }).Judge(purchase) is Verdict.Denied, iter: Times);

    [Fact]
    public void An_hour_more_never_refuses_more() =>
        Gen.Select(RandomPolicy.Any, RandomPolicy.Purchase).Sample((policy, purchase) =>
            policy.Hours.Length < 2 || policy.Judge(purchase) is Verdict.Allowed || (policy with { Hours = policy.Hours[1..] }).Judge(purchase) is Verdict.Denied, iter: Times);

    [Fact]
    public void A_lower_limit_never_allows_more() =>
        Gen.Select(RandomPolicy.Any, RandomPolicy.Purchase, Gen.Int[0, 300], Gen.Int[0, 9]).Sample((policy, purchase, less, fewer) =>
        {
            var lower = policy with
            {
                Limits = [.. policy.Limits.Select(l => (l.Key, Math.Max(0, l.Cents - less)))],
                Counts = [.. policy.Counts.Select(c => (c.Key, Math.Max(0, c.Count - fewer)))],
                Each = [.. policy.Each.Select(e => (e.By, Math.Max(0, e.Cents - less)))],
                In = [.. policy.In.Select(i => (i.Selector, Math.Max(0, i.Cents - less)))],
            };

            // Allowed under the lower limits means allowed under the higher ones, on the same lines with no less room.
            return lower.Judge(purchase) is not Verdict.Allowed tight || (policy.Judge(purchase) is Verdict.Allowed wide && HasNoLessRoom(wide, tight));
        }, iter: Times);

    [Fact]
    public void A_limit_more_never_takes_a_line_away() =>
        Gen.Select(RandomPolicy.Any, RandomPolicy.Purchase).Sample((policy, purchase) =>
        {
            var without = policy with { Limits = [.. policy.Limits.Skip(1)], In = [.. policy.In.Skip(1)], Each = [], Counts = [] };
            return policy.Judge(purchase) is not Verdict.Allowed all || (without.Judge(purchase) is Verdict.Allowed fewer && !fewer.Lines.Select(l => l.Id).Except(all.Lines.Select(l => l.Id)).Any());
        }, iter: Times);

    [Fact]
    public void Every_allowed_payment_counts_in_every_line_it_draws_on_and_every_decision_has_a_trace() =>
        Gen.Select(RandomPolicy.Any, RandomPolicy.Purchase).Sample((policy, purchase) => policy.Judge(purchase) switch
        {
            Verdict.Allowed allowed => allowed.Lines.All(l => l.Scope.Matches(allowed.Facts)) && allowed.Lines.Select(l => l.Id).Distinct().Count() == allowed.Lines.Count
                && allowed.Trace.All(s => s.Saying != TraceSaying.Refuses),
            Verdict.Denied denied => denied.Trace.Count(s => s.Saying == TraceSaying.Refuses) == 1 && denied.Trace[^1].Saying == TraceSaying.Refuses,
            _ => false,
        }, iter: Times);

    [Fact]
    public void The_random_policies_allow_and_refuse_often_enough_to_prove_something()
    {
        var answers = new System.Collections.Concurrent.ConcurrentBag<string>();
        Gen.Select(RandomPolicy.Any, RandomPolicy.Purchase).Sample((policy, purchase) => answers.Add(policy.Judge(purchase) is Verdict.Denied denied ? denied.Reason.ToString() : "allow"), iter: 1000);

        var counts = answers.CountBy(a => a).ToDictionary();
        foreach (var answer in new[] { "allow", "Denied", "MerchantNotAllowed", "OutsideSchedule", "AmountOverPaymentLimit" })
        {
            Assert.True(counts.GetValueOrDefault(answer) > 10, $"{answer}: {counts.GetValueOrDefault(answer)} of 1000");
        }
    }

    [Fact]
    public void Sums_and_values_never_overflow_and_never_shrink() =>
        Gen.Select(Huge, Huge, Huge, Gen.Int[0, 36]).Sample((a, b, worth, decimals) =>
        {
            var asset = new Asset(TestTokens.Sepolia, TestTokens.Usdc, "T", "T", "1", decimals) { UsdPerToken = new Usd(worth) };
            var (less, more) = a < b ? (a, b) : (b, a);
            var (x, y) = (new Quantity(SpendMeasure.Dollars, a), new Quantity(SpendMeasure.Dollars, b));
            return x.Plus(y).Units >= more && x.Plus(y) == y.Plus(x)
                && x.Less(y).Units == (a > b ? a - b : 0)
                && new Usd(a).Plus(new Usd(b)).Micros >= more
                && asset.ToUsd(new TokenAmount(less)) <= asset.ToUsd(new TokenAmount(more));
        }, iter: 20_000);

    [Fact]
    [Trait("invariant", "I14")]
    public void No_money_passes_through_a_float()
    {
        Assert.Empty(Floats.In(typeof(PolicySet).Assembly));
        Assert.Empty(Floats.In(typeof(Usd).Assembly));
    }

    [Fact]
    public void Any_bytes_are_answered_with_problems_and_never_with_an_exception()
    {
        var good = File.ReadAllBytes(Repository.PathOf("policies.example.json"));
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

    // Large numbers near the edges, where sums break.
    private static readonly Gen<UInt128> Huge = Gen.Select(Gen.ULong, Gen.ULong, Gen.Int[0, 127]).Select((high, low, shift) => new UInt128(high, low) >> shift);

    private static bool HasNoLessRoom(Verdict.Allowed wide, Verdict.Allowed tight) =>
        wide.Lines.Count == tight.Lines.Count
        && wide.Lines.OrderBy(l => l.Id, StringComparer.Ordinal).Zip(tight.Lines.OrderBy(l => l.Id, StringComparer.Ordinal)).All(p => p.First.Id == p.Second.Id && p.First.Limit.Units >= p.Second.Limit.Units);

    // All that decides; not the place in a list.
    private static string Outcome(Verdict verdict) => verdict switch
    {
        Verdict.Allowed allowed => $"allow {allowed.Facts.Value} {allowed.Recipient} {allowed.ValidSeconds} {allowed.Wallet} {Guards(allowed.Guards)} "
            + string.Join(' ', allowed.Tags.OrderBy(t => t.Key, StringComparer.Ordinal)) + string.Join(' ', allowed.Lines.Select(l => $"{l.Id}={l.Limit}@{l.Scope}").Order(StringComparer.Ordinal)),
        Verdict.Denied denied => $"deny {denied.Reason} {denied.Limit} {denied.OpensAt}",
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private static string Guards(PaymentGuards guards) => $"{guards.Approval} {guards.PriceDrift} {guards.Loop} {guards.Breaker}";

    // Members of all objects and items of all lists, in another order.
    private static JsonNode? Shuffled(JsonNode? node, Random random)
    {
        switch (node)
        {
            case JsonObject members:
                var pairs = members.Select(m => KeyValuePair.Create(m.Key, Shuffled(m.Value, random))).ToArray();
                random.Shuffle(pairs);
                return new JsonObject(pairs);
            case JsonArray list:
                var items = list.Select(i => Shuffled(i, random)).ToArray();
                random.Shuffle(items);
                return new JsonArray(items);
            default:
                return node?.DeepClone();
        }
    }
}
