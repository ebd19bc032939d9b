using System.Text;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Tests.Folder;

/// <summary>A folder of policy files is one policy: what one file could say, and no file ever wins over another.</summary>
public sealed class PolicyFolderTests
{
    private const string Base = """{ "networks": ["base-sepolia"], "timeZone": "Europe/Berlin" }""";

    [Fact]
    public void Files_say_together_what_one_file_would_say()
    {
        var folder = Load(
            ("10-base.json", Base),
            ("20-sellers.json", """{ "merchants": { "exa": { "hosts": "api.exa.ai", "category": "search" } }, "categories": { "data": ["papers.example"] } }"""),
            ("30-lab.json", """{ "groups": { "lab": { "limits": { "day": "5.00" } } }, "agents": { "r-*": { "group": "lab", "allow": ["exa"] } } }"""),
            ("40-me.json", """{ "agents": { "me": { "allow": ["category:data", "exa"], "limits": { "day": "1.00" } } } }"""));
        var file = PolicyLoader.Load(
            Encoding.UTF8.GetBytes("""
            { "networks": ["base-sepolia"], "timeZone": "Europe/Berlin",
              "merchants": { "exa": { "hosts": "api.exa.ai", "category": "search" } }, "categories": { "data": ["papers.example"] },
              "groups": { "lab": { "limits": { "day": "5.00" } } },
              "agents": { "r-*": { "group": "lab", "allow": ["exa"] }, "me": { "allow": ["category:data", "exa"], "limits": { "day": "1.00" } } } }
            """),
            "one.json", AssetRegistry.Default);

        Assert.Empty(folder.Problems);
        Assert.Equal(Words(file.Policy!), Words(folder.Policy!));
        Assert.Equal("nothing that decides", PolicyChange.Describe(file.Policy, folder.Policy!));
        Assert.NotEqual(file.Policy!.Hash, folder.Policy!.Hash);

        static IEnumerable<string> Words(PolicySet policy) => PolicyWords.Of(policy).Select(agent => agent.Agent + ": " + string.Join("; ", agent.Sentences));
    }

    [Theory]
    [InlineData("""{ "networks": ["base-sepolia"] }""", "b.json:1: networks: expected `networks` in one file of the folder, found it again (first in d/a.json:1)")]
    [InlineData("""{ "timeZone": "Europe/Berlin" }""", "b.json:1: timeZone: expected `timeZone` in one file")]
    [InlineData("""{ "pins": true }""", "b.json:1: pins: expected `pins` in one file")]
    [InlineData("""{ "organization": { "limits": { "day": "1.00" } } }""", "b.json:1: organization: expected `organization` in one file")]
    [InlineData("""{ "wallet": "main" }""", "b.json:1: wallet: expected `wallet` in one file")]
    [InlineData("{ \n \"agents\": { \n \"me\": { \"allow\": [] } } }", "b.json:3: agents.me: expected each name in one file of the folder, found `me` again (first in d/a.json:3): keep one of them")]
    [InlineData("""{ "merchants": { "exa": { "hosts": "b.example" } } }""", "b.json:1: merchants.exa: expected each name in one file")]
    [InlineData("""{ "categories": { "data": ["b.example"] } }""", "b.json:1: categories.data: expected each name in one file")]
    [InlineData("""{ "groups": { "lab": {} } }""", "b.json:1: groups.lab: expected each name in one file")]
    [InlineData("""{ "policies": { "p": {} } }""", "b.json:1: policies.p: expected each name in one file")]
    [InlineData("""{ "agents": { "r-x-*": {} } }""", "b.json:1: agents.r-x-*: expected at most one pattern for any name, found `r-x-*`, which can match the same name as `r-*`")]
    [InlineData("""{ "merchants": { "other": { "hosts": "api.exa.ai" } } }""", "b.json:1: merchants.other.hosts: expected every host under one merchant, found `api.exa.ai`, which overlaps `api.exa.ai` of `exa`")]
    [InlineData("""{ "agents": [] }""", "b.json:1: agents: expected an object in braces, found `[…]`")]
    [InlineData("[]", "b.json:1: expected an object in braces")]
    [InlineData("", "b.json:1: expected a policy")]
    [InlineData("""{ "agents": { """, "b.json:1: expected JSON")]
    [InlineData("{ \"agents\": {} }\0", "b.json:1: expected JSON")]
    [InlineData("""{ "agents": { "x": { "limits": { "dya": "1.00" } } } }""", "b.json:1: agents.x.limits.dya: expected")]
    public void What_two_files_say_differently_is_an_error_at_its_own_place(string second, string problem)
    {
        const string first = """
            { "networks": ["base-sepolia"], "timeZone": "UTC", "pins": true, "wallet": "main", "organization": { "limits": { "day": "1.00" } },
              "merchants": { "exa": { "hosts": "api.exa.ai" } }, "categories": { "data": ["x.example"] }, "groups": { "lab": {} }, "policies": { "p": {} }, "agents": {
                "me": { "allow": ["*"] }, "r-*": {} } }
            """;

        var load = Load(("a.json", first), ("b.json", second));

        Assert.Null(load.Policy);
        Assert.Contains(load.Problems, found => found.ToString().StartsWith("d/" + problem, StringComparison.Ordinal));
    }

    [Fact]
    public void Problems_of_all_files_are_reported_together_in_the_order_of_files_and_lines()
    {
        var load = Load(("b.json", "{ \"agents\": {\n \"b\": { \"no\": 1 },\n \"a\": { \"no\": 1 } } }"), ("a.json", """{ "networks": ["base-sepolia"], "pins": 3 }"""));

        Assert.Equal(["d/a.json:1", "d/b.json:2", "d/b.json:3"], load.Problems.Select(found => $"{found.File}:{found.Line}"));
    }

    [Fact]
    public void What_no_file_says_is_missing_in_the_folder() =>
        Assert.StartsWith("d: expected `agents`, found nothing", Assert.Single(Load(("a.json", Base)).Problems).ToString(), StringComparison.Ordinal);

    [Fact]
    public void A_schema_for_editors_may_stand_in_every_file() =>
        Assert.Empty(Load(("a.json", """{ "$schema": "x", "networks": ["base-sepolia"] }"""), ("b.json", """{ "$schema": "x", "agents": {} }""")).Problems);

    [Fact]
    public void No_file_and_too_many_are_refused()
    {
        Assert.StartsWith("d: expected 1 to 256 policy files", Assert.Single(Load().Problems).ToString(), StringComparison.Ordinal);

        var many = Enumerable.Range(0, 257).Select(i => ($"{i:d3}.json", "{}")).ToArray();
        Assert.StartsWith("d: expected 1 to 256 policy files", Assert.Single(Load(many).Problems).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void More_than_4_MiB_together_are_refused()
    {
        var half = "{ // " + new string('.', (2 * 1024 * 1024) - 20) + "\n}";

        Assert.DoesNotContain(Load(("a.json", half), ("b.json", half)).Problems, found => found.Message.Contains("4 MiB", StringComparison.Ordinal));
        Assert.StartsWith("d: expected at most 4 MiB in all files together", Assert.Single(Load(("a.json", half), ("b.json", half), ("c.json", half)).Problems).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_hash_is_over_names_and_bytes()
    {
        const string agents = """{ "agents": {} }""";
        Bytes32[] hashes =
        [
            Hash(("a.json", Base), ("b.json", agents)),
            Hash(("a.json", Base), ("c.json", agents)),
            Hash(("a.json", Base), ("b.json", agents + " ")),
            Hash(("a.json", Base + " "), ("b.json", agents)),
            Hash(("a.json", Base), ("b.json", agents), ("c.json", "{}")),
        ];

        Assert.Distinct(hashes);
        Assert.Equal(hashes[0], Hash(("b.json", agents), ("a.json", Base)));

        static Bytes32 Hash(params (string, string)[] files) => Load(files).Policy!.Hash;
    }

    /// <summary>What the journal keeps is enough to judge again, with the same places.</summary>
    [Fact]
    public void An_archived_folder_is_the_same_policy_again()
    {
        var load = Load(("a b.json", Base), ("ä.json", "{ \"agents\": { \"me\": {} },\n // #file 3 x\n \"groups\": {} }"), ("empty.json", "{}"));
        var text = PolicyText.OfArchive(load.Policy!.Text, "d");

        Assert.Equal(["a b.json", "empty.json", "ä.json"], text.Parts.Select(part => part.Name));
        var again = PolicyLoader.Load(text, AssetRegistry.Default).Policy!;
        Assert.Equal(load.Policy.Hash, again.Hash);
        Assert.Equal(load.Policy.Text, again.Text);
    }

    [Fact]
    public void An_archived_file_is_the_same_policy_again()
    {
        var bytes = Encoding.UTF8.Preamble.ToArray().Concat(Encoding.UTF8.GetBytes("""{ "networks": ["base-sepolia"], "agents": {} }""")).ToArray();
        var policy = PolicyLoader.Load(bytes, "p.json", AssetRegistry.Default).Policy!;
        var text = PolicyText.OfArchive(policy.Text, "p.json");

        Assert.False(text.IsFolder);
        Assert.Equal(policy.Hash, PolicyLoader.Load(text, AssetRegistry.Default).Policy!.Hash);
    }

    [Fact]
    public void An_archive_that_was_cut_or_changed_is_no_policy()
    {
        var archived = Load(("a.json", Base), ("b.json", """{ "agents": {} }""")).Policy!.Text;
        for (var length = archived.IndexOf('\n', StringComparison.Ordinal) + 2; length < archived.Length; length++)
        {
            var cut = archived[..length];
            if (!IsWholeFiles(cut))
            {
                Assert.Throws<FormatException>(() => PolicyText.OfArchive(cut, "d"));
            }
        }

        Assert.Throws<FormatException>(() => PolicyText.OfArchive(archived.Replace("#file ", "#file -", StringComparison.Ordinal), "d"));
        Assert.Throws<FormatException>(() => PolicyText.OfArchive(archived.Replace("a.json", "../a.json", StringComparison.Ordinal), "d"));

        // A cut between two files leaves a shorter folder, which is another policy with another hash.
        static bool IsWholeFiles(string cut) => cut.EndsWith("}\n", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a.json", true)]
    [InlineData("a b ü.json", true)]
    [InlineData("a\nb.json", false)]
    [InlineData("a/b.json", false)]
    [InlineData("", false)]
    [InlineData("..", false)]
    public void Names_hold_nothing_that_could_pass_for_the_text_around_them(string name, bool good) => Assert.Equal(good, FolderArchive.IsName(name));

    private static PolicyLoad Load(params (string Name, string Text)[] files) =>
        PolicyLoader.Load(PolicyText.OfFolder("d", files.Select(file => new PolicyPart(file.Name, Encoding.UTF8.GetBytes(file.Text)))), AssetRegistry.Default);
}
