using System.Text.Json;
using SmartProxy.Policy.Tests.Fakes;
using SmartProxy.TestKit;

namespace SmartProxy.Policy.Tests.Document;

/// <summary>Broken files as people and editors leave them: each is refused whole, with every problem at its line.</summary>
public sealed class SabotageTests
{
    private static readonly string Folder = Repository.PathOf("tests", "vectors", "policies");

    public static TheoryData<string> Files => [.. Cases().Select(c => c.GetProperty("file").GetString()!)];

    [Theory, MemberData(nameof(Files))]
    public void A_broken_file_is_refused_with_every_problem_in_its_place(string file)
    {
        var expected = Cases().Single(c => c.GetProperty("file").GetString() == file).GetProperty("problems").EnumerateArray().ToList();

        var load = PolicyLoader.Load(File.ReadAllBytes(Path.Combine(Folder, file)), file, TestTokens.Registry);

        Assert.Null(load.Policy);
        Assert.True(expected.Count == load.Problems.Count, string.Join('\n', load.Problems));
        foreach (var (want, problem) in expected.Zip(load.Problems))
        {
            Assert.Equal(want.GetProperty("line").GetInt32(), problem.Line);
            Assert.Equal(want.GetProperty("path").GetString(), problem.Path);
            Assert.Contains(want.GetProperty("message").GetString()!, problem.Message, StringComparison.Ordinal);
            Assert.StartsWith($"{file}:{problem.Line}: ", problem.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_file_of_the_corpus_is_listed()
    {
        var listed = Cases().Select(c => c.GetProperty("file").GetString()!).Append("index.json").Order(StringComparer.Ordinal);
        Assert.Equal(listed, Directory.GetFiles(Folder).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Messages_are_lower_case_without_full_stop_and_free_of_control_characters()
    {
        foreach (var file in Files)
        {
            var load = PolicyLoader.Load(File.ReadAllBytes(Path.Combine(Folder, file)), file, TestTokens.Registry);
            Assert.All(load.Problems, problem =>
            {
                Assert.False(char.IsUpper(problem.Message[0]), problem.Message);
                Assert.False(problem.Message.EndsWith('.'), problem.Message);
                Assert.DoesNotContain(problem.Message, char.IsControl);
            });
        }
    }

    [Fact]
    public void A_file_over_four_mebibytes_is_refused_unread()
    {
        var bytes = new byte[(4 * 1024 * 1024) + 1];
        Array.Fill(bytes, (byte)' ');

        var load = PolicyLoader.Load(bytes, "policies.json", TestTokens.Registry);

        Assert.Null(load.Policy);
        Assert.Contains("at most 4 MiB", Assert.Single(load.Problems).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_thousand_problems_are_a_short_answer()
    {
        var members = string.Join(",", Enumerable.Range(0, 1000).Select(i => $"\"x{i}\": 1"));

        var load = Given.Load("{ \"networks\": [\"base-sepolia\"], \"agents\": {}, " + members + "}");

        Assert.Equal(101, load.Problems.Count);
        Assert.Equal("and 900 more: repair these first", load.Problems[^1].Message);
    }

    [Fact]
    public void Every_prefix_of_a_good_file_is_refused()
    {
        var whole = File.ReadAllBytes(Repository.PathOf("policies.example.json")).AsSpan().TrimEnd("\n"u8).ToArray();
        for (var length = 0; length < whole.Length; length += 7)
        {
            Assert.Null(PolicyLoader.Load(whole.AsSpan(0, length), "policies.json", TestTokens.Registry).Policy);
        }
    }

    private static JsonElement.ArrayEnumerator Cases() => Repository.Vectors("policies/index").GetProperty("cases").EnumerateArray();
}
