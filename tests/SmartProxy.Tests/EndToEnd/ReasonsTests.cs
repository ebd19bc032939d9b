using System.Globalization;
using System.Text.RegularExpressions;
using SmartProxy.Ledger;
using SmartProxy.Payments;
using SmartProxy.Policy;
using SmartProxy.Protocol;
using SmartProxy.TestKit;
using SmartProxy.Wallet;

namespace SmartProxy.Tests.EndToEnd;

/// <summary>The page of reasons and the code say the same: no word is missing, none is left over, and each has its status.</summary>
public sealed partial class ReasonsTests
{
    [Fact]
    public void The_page_names_every_reason_with_its_status_and_nothing_else()
    {
        var code = InCode().Distinct().Order().ToArray();
        var page = OnPage().Distinct().Order().ToArray();

        Assert.Equal([], code.Except(page)); // said by the code, and not by the page
        Assert.Equal([], page.Except(code)); // said by the page, and by nothing in the code
    }

    [Fact]
    public void The_page_explains_every_row_and_the_scan_finds_what_it_looks_for()
    {
        Assert.All(Rows(), row => Assert.All(row, cell => Assert.NotEqual("", cell)));
        Assert.Contains("agent_payment_refused 403", InCode());
        Assert.Contains("budget_exceeded 429", InCode());
        Assert.Contains("malformed_connect 400", InCode());
        Assert.Contains("egress_not_allowed 403", InCode());
        Assert.Contains("token_required 401", InCode());
        Assert.Contains("upstream_timeout 504", InCode());
    }

    [Fact]
    public void A_word_is_snake_case_and_never_longer_than_a_label_of_a_metric()
    {
        Assert.All(OnPage(), word => Assert.Matches("^[a-z]+(_[a-z]+)*$", word.Split(' ')[0]));
        Assert.All(OnPage(), word => Assert.InRange(word.Split(' ')[0].Length, 1, 40));
    }

    private static IEnumerable<string> InCode() => [.. Constants(), .. OfThePolicy(), .. OfTheLedger(), .. OfTheSigner()];

    private static IEnumerable<string> OfThePolicy() => Enum.GetValues<DenyReason>()
        .Select(reason => Word(Words.Of(reason), reason is DenyReason.NoPolicy ? 503 : 403));

    // What may refill within a minute has two statuses: one with a short wait, one without.
    private static IEnumerable<string> OfTheLedger() => Enum.GetValues<ReserveRefusal>().SelectMany(reason => (string[])
    [
        Word(Refusals.Of(new ReserveOutcome.Refused(reason), verdict: null)),
        Word(Refusals.Of(Soon(reason), Allowed)),
    ]);

    private static ReserveOutcome.Refused Soon(ReserveRefusal reason) => new(reason, reason is ReserveRefusal.BudgetExceeded or ReserveRefusal.CountExceeded ? Usage : null, TimeSpan.FromSeconds(1));

    private static LineUsage Usage { get; } = new(
        new BudgetLine("agents.me.limits.1m", BudgetOwner.Organization, new SpendScope("*", _ => true), new SpendWindow.Total(), new Usd(1)), new Usd(1), new Usd(0), null);

    private static Verdict.Allowed Allowed { get; } = (Verdict.Allowed)PolicyExplanation.Judge(
        SmartProxy.Tests.Payments.FlowKit.Policy(SmartProxy.Tests.Payments.FlowKit.OfOneAgent(""" "day": "1.00" """)), new AgentId("me"), "GET", SmartProxy.Tests.Payments.ScriptedCall.Parse("https://x.test"), "/", null, DateTimeOffset.UnixEpoch)!;

    private static IEnumerable<string> OfTheSigner() => Enum.GetValues<SignRefusal>().Select(reason => Word(Refusals.SignerRefused(reason)));

    /// <summary>Every constant of the sources: <c>new Refusal(403, "word"</c>, its short forms, and the answers of our own endpoints.</summary>
    private static IEnumerable<string> Constants() =>
        Directory.EnumerateFiles(Repository.PathOf("src", "SmartProxy"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .SelectMany(file => Constant().Matches(File.ReadAllText(file)))
            .Select(match => Word(match.Groups["word"].Value, int.Parse(match.Groups["status"].Value, CultureInfo.InvariantCulture)));

    private static IEnumerable<string> OnPage() =>
        Rows().SelectMany(row => Status().Matches(row[1]).Select(status => Word(row[0].Trim('`'), int.Parse(status.Value, CultureInfo.InvariantCulture))));

    private static IEnumerable<string[]> Rows() => File.ReadAllLines(Repository.PathOf("docs", "reasons.md"))
        .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
        .Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries));

    private static string Word(Refusal refusal) => Word(refusal.Reason, refusal.Status);

    private static string Word(string reason, int status) => string.Create(CultureInfo.InvariantCulture, $"{reason} {status}");

    [GeneratedRegex("""(?:Refusal|Refuse|\bnew|ProblemAsync)\(\s*(?:context,\s*)?(?:StatusCodes\.Status)?(?<status>[1-5]\d\d)[A-Za-z]*,\s*"(?<word>[a-z_]+)["]""")]
    private static partial Regex Constant();

    [GeneratedRegex(@"\b[1-5]\d\d\b")]
    private static partial Regex Status();
}
