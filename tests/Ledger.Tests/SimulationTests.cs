using System.Globalization;

namespace SmartProxy.Ledger.Tests;

/// <summary>Random histories against the naive model. A failure names the seed, and the seed repeats it.</summary>
public sealed class SimulationTests
{
    private const int Seeds = 200;
    private const int Steps = 800;

    [Theory, MemberData(nameof(Ranges))]
    public void The_books_agree_with_searches_of_lists_whatever_happens_and_however_the_policy_is_edited(int firstSeed)
    {
        var seen = new HashSet<string>();
        for (var seed = firstSeed; seed < firstSeed + 10; seed++)
        {
            try
            {
                var history = new RandomHistory(seed);
                history.Run(Steps);
                seen.UnionWith(history.Seen);
            }
            catch (Exception e)
            {
                Assert.Fail(string.Create(CultureInfo.InvariantCulture, $"seed {seed}: {e.Message}"));
            }
        }

        // Histories in which something never happens prove nothing about it.
        Assert.Superset(
            new HashSet<string>
            {
                "BudgetExceeded", "CountExceeded", "RecipientChanged", "PriceDrift", "RequestLoop", "MerchantSuspended", "ApprovalPending", "ApprovalDenied",
                "paid", "paid by a grant", "paid by several grants", "paid by agreement",
            },
            seen);
    }

    public static TheoryData<int> Ranges => [.. Enumerable.Range(0, Seeds / 10).Select(i => i * 10)];
}
