using System.Text.RegularExpressions;
using SmartProxy.TestKit;

namespace SmartProxy.Faults.Tests;

/// <summary><c>docs/proof.md</c> names tests for every invariant, and those tests name the invariant.</summary>
public sealed partial class ProofDocumentTests
{
    private static readonly string Page = File.ReadAllText(Repository.PathOf("docs", "proof.md"));

    public static TheoryData<string> Invariants => [.. Enumerable.Range(1, 16).Select(number => $"I{number}")];

    [Theory, MemberData(nameof(Invariants))]
    public void Each_invariant_has_tests_that_name_it(string invariant)
    {
        var row = Page.Split('\n').Single(line => line.StartsWith($"| {invariant} |", StringComparison.Ordinal));
        var tests = TestName().Matches(row.Split('|')[3]);
        Assert.NotEmpty(tests);
        Assert.All(tests, test => Assert.Contains($"\"invariant\", \"{invariant}\"", AttributesOf(test.Groups[1].Value, test.Groups[2].Value), StringComparison.Ordinal));
    }

    // What stands between the line before a test's attributes and its name.
    private static string AttributesOf(string type, string method)
    {
        var file = Directory.GetFiles(Repository.PathOf("tests"), type + ".cs", SearchOption.AllDirectories).Single();
        var text = File.ReadAllText(file);
        var name = text.IndexOf($" {method}(", StringComparison.Ordinal);
        Assert.True(name > 0, $"`{type}.{method}` is not there");
        return text[text.LastIndexOf("\n\n", name, StringComparison.Ordinal)..name];
    }

    [GeneratedRegex("`([A-Za-z]+)\\.([A-Za-z0-9_]+)`")]
    private static partial Regex TestName();
}
