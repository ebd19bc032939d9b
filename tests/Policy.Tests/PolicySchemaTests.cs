using System.Text.Json;
using System.Text.RegularExpressions;
using SmartProxy.Policy.Document;
using SmartProxy.Policy.Tests.Fakes;
using SmartProxy.TestKit;

namespace SmartProxy.Policy.Tests;

/// <summary>The schema, the example and the reference page say what the reader does.</summary>
public sealed partial class PolicySchemaTests
{
    private static readonly JsonDocumentOptions Relaxed = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    [Fact]
    public void The_shipped_schema_is_the_one_of_the_model() =>
        Assert.True(
            PolicySchema.Text == File.ReadAllText(Repository.PathOf("policies.schema.json")),
            "run `smartproxy policy schema > policies.schema.json`");

    [Fact]
    public void The_example_loads_as_it_is_without_a_warning()
    {
        var load = PolicyLoader.Load(File.ReadAllBytes(Repository.PathOf("policies.example.json")), "policies.example.json", TestTokens.Registry);

        Assert.Empty(load.Problems);
        Assert.Empty(load.Warnings);
    }

    [Fact]
    public void The_example_satisfies_the_schema()
    {
        using var example = JsonDocument.Parse(File.ReadAllBytes(Repository.PathOf("policies.example.json")), Relaxed);
        using var schema = JsonDocument.Parse(PolicySchema.Text);

        Assert.Empty(SchemaJudge.Problems(example.RootElement, schema.RootElement, ""));
    }

    [Fact]
    public void The_schema_refuses_what_nothing_would_read()
    {
        using var schema = JsonDocument.Parse(PolicySchema.Text);
        foreach (var wrong in new[]
        {
            """{ "networks": ["base"], "agents": {}, "budget": "1" }""",
            """{ "agents": {} }""",
            """{ "networks": ["base"], "agents": { "me": { "limits": { "dialy": "1.00" } } } }""",
            """{ "networks": ["base"], "agents": { "me": { "limits": { "day": 1 } } } }""",
            """{ "networks": ["base"], "agents": { "me": { "validSeconds": 5 } } }""",
            """{ "networks": ["base"], "agents": { "*": {} } }""",
        })
        {
            using var document = JsonDocument.Parse(wrong);
            Assert.NotEmpty(SchemaJudge.Problems(document.RootElement, schema.RootElement, ""));
        }
    }

    [Fact]
    public void The_example_shows_every_key()
    {
        using var example = JsonDocument.Parse(File.ReadAllBytes(Repository.PathOf("policies.example.json")), Relaxed);
        var shown = Keys(example.RootElement).ToHashSet();

        Assert.Empty(Entities().SelectMany(e => e.Keys).Where(k => !shown.Contains(k.Name)).Select(k => k.Name).Distinct());
    }

    [Fact]
    public void The_reference_page_explains_every_key_and_no_other()
    {
        var page = File.ReadAllText(Repository.PathOf("docs", "policy.md"));
        foreach (var section in Entities())
        {
            var body = Section(page, section.Title);
            var rows = Row().Matches(body).Select(m => m.Groups[1].Value).ToList();
            Assert.Equal(section.Keys.Select(k => k.Name).Order(StringComparer.Ordinal), rows.Where(r => r != "1h").Order(StringComparer.Ordinal));
        }
    }

    /// <summary>A reader that forgot a key of the model would pass over what a person wrote there.</summary>
    [Fact]
    public void Every_key_of_the_model_is_read()
    {
        foreach (var (path, key) in Places())
        {
            var value = key.Shape is Shape.Object or Shape.Map or Shape.Objects ? "7" : "{ \"nonsense\": [] }";
            var load = Given.Load(path.Replace("@", $"\"{key.Name}\": {value}", StringComparison.Ordinal));
            Assert.True(load.Problems.Any(p => p.Path.Contains(key.Name, StringComparison.Ordinal) && p.Message.Contains("found", StringComparison.Ordinal)), $"`{key.Name}` is not read: {string.Join(" / ", load.Problems)}");
        }
    }

    private static IEnumerable<(string Template, Key Key)> Places()
    {
        const string open = "{ \"networks\": [\"base-sepolia\"], ";
        return
        [
            .. PolicyModel.File.Keys.Where(k => k.Name is not ("networks" or "agents")).Select(k => (open + "\"agents\": {}, @ }", k)),
            .. PolicyModel.File.Keys.Where(k => k.Name is "networks").Select(k => ("{ \"agents\": {}, @ }", k)),
            .. PolicyModel.File.Keys.Where(k => k.Name is "agents").Select(k => (open + "@ }", k)),
            .. PolicyModel.Organization.Keys.Select(k => (open + "\"agents\": {}, \"organization\": { @ } }", k)),
            .. PolicyModel.Merchant.Keys.Where(k => k.Name != "hosts").Select(k => (open + "\"agents\": {}, \"merchants\": { \"m\": { \"hosts\": \"a.example\", @ } } }", k)),
            .. PolicyModel.PlainLimits.Keys.Select(k => (open + "\"agents\": {}, \"merchants\": { \"m\": { \"hosts\": \"a.example\", \"limits\": { @ } } } }", k)),
            .. PolicyModel.Group.Keys.Select(k => (open + "\"agents\": {}, \"groups\": { \"g\": { @ } } }", k)),
            .. PolicyModel.Policy.Keys.Select(k => (open + "\"agents\": {}, \"policies\": { \"p\": { @ } } }", k)),
            .. PolicyModel.Agent.Keys.Select(k => (open + "\"agents\": { \"me\": { @ } } }", k)),
            .. PolicyModel.Limits.Keys.Select(k => (open + "\"agents\": { \"me\": { \"limits\": { @ } } } }", k)),
            .. PolicyModel.Each.Keys.Select(k => (open + "\"agents\": { \"me\": { \"limits\": { \"each\": { @ } } } } }", k)),
            .. PolicyModel.Narrow.Keys.Select(k => (open + "\"agents\": { \"me\": { \"limits\": { \"each\": { \"merchant\": { @ } } } } } }", k)),
            .. PolicyModel.Payments.Keys.Select(k => (open + "\"agents\": { \"me\": { \"limits\": { \"payments\": { @ } } } } }", k)),
            .. PolicyModel.Approval.Keys.Select(k => (open + "\"agents\": { \"me\": { \"approval\": { @ } } } }", k)),
            .. PolicyModel.Schedule.Keys.Select(k => (open + "\"agents\": { \"me\": { \"schedule\": { @ } } } }", k)),
            .. PolicyModel.Loop.Keys.Select(k => (open + "\"agents\": { \"me\": { \"loop\": { @ } } } }", k)),
            .. PolicyModel.Breaker.Keys.Select(k => (open + "\"agents\": { \"me\": { \"breaker\": { @ } } } }", k)),
            .. PolicyModel.Token.Keys.Select(k => (open + "\"agents\": {}, \"tokens\": [ { @ } ] }", k)),
            .. PolicyModel.Narrow.Keys.Select(k => (open + "\"agents\": { \"me\": { \"limits\": { \"in\": { \"a.example\": { @ } } } } } }", k)),
        ];
    }

    private static Entity[] Entities() =>
        [PolicyModel.File, PolicyModel.Organization, PolicyModel.Merchant, PolicyModel.Group, PolicyModel.Policy, PolicyModel.Agent, PolicyModel.Limits, PolicyModel.Each, PolicyModel.Payments, PolicyModel.Approval, PolicyModel.Schedule, PolicyModel.Loop, PolicyModel.Breaker, PolicyModel.Token];

    private static string Section(string page, string title)
    {
        var start = page.IndexOf($"\n## {title}\n", StringComparison.Ordinal);
        Assert.True(start >= 0, $"docs/policy.md has no section `{title}`");
        var end = page.IndexOf("\n## ", start + 4, StringComparison.Ordinal);
        return end < 0 ? page[start..] : page[start..end];
    }

    private static IEnumerable<string> Keys(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(p => Keys(p.Value).Prepend(p.Name)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Keys),
        _ => [],
    };

    [GeneratedRegex(@"^\| `([^`]+)` \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    /// <summary>As much of JSON Schema as our schema uses.</summary>
    private static class SchemaJudge
    {
        public static IEnumerable<string> Problems(JsonElement value, JsonElement schema, string path)
        {
            if (schema.TryGetProperty("anyOf", out var any))
            {
                return any.EnumerateArray().Any(s => !Problems(value, s, path).Any()) ? [] : [$"{path}: none of anyOf"];
            }

            return schema.GetProperty("type").GetString() switch
            {
                "object" => value.ValueKind == JsonValueKind.Object ? ObjectProblems(value, schema, path) : [$"{path}: no object"],
                "array" => value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().SelectMany((v, i) => Problems(v, schema.GetProperty("items"), $"{path}[{i}]")) : [$"{path}: no list"],
                "string" => value.ValueKind == JsonValueKind.String ? TextProblems(value.GetString()!, schema, path) : [$"{path}: no text"],
                "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False ? [] : [$"{path}: no boolean"],
                "integer" => value.ValueKind == JsonValueKind.Number && value.GetInt32() >= schema.GetProperty("minimum").GetInt32() && value.GetInt32() <= schema.GetProperty("maximum").GetInt32() ? [] : [$"{path}: no such number"],
                var other => [$"{path}: unknown type {other}"],
            };
        }

        private static IEnumerable<string> ObjectProblems(JsonElement value, JsonElement schema, string path)
        {
            var required = schema.TryGetProperty("required", out var words) ? words.EnumerateArray().Select(w => w.GetString()!) : [];
            return required.Where(r => !value.TryGetProperty(r, out _)).Select(r => $"{path}.{r}: missing")
                .Concat(value.EnumerateObject().SelectMany(p => MemberProblems(p, schema, path)));
        }

        private static IEnumerable<string> MemberProblems(JsonProperty member, JsonElement schema, string path)
        {
            if (schema.TryGetProperty("properties", out var named) && named.TryGetProperty(member.Name, out var known))
            {
                return Problems(member.Value, known, $"{path}.{member.Name}");
            }

            var patterns = schema.TryGetProperty("patternProperties", out var found) ? found.EnumerateObject().Where(p => Regex.IsMatch(member.Name, p.Name)).ToList() : [];
            return patterns.Count == 0 ? [$"{path}.{member.Name}: unknown"] : patterns.SelectMany(p => Problems(member.Value, p.Value, $"{path}.{member.Name}"));
        }

        private static IEnumerable<string> TextProblems(string text, JsonElement schema, string path)
        {
            var fits = (!schema.TryGetProperty("pattern", out var pattern) || Regex.IsMatch(text, pattern.GetString()!))
                && (!schema.TryGetProperty("enum", out var choices) || choices.EnumerateArray().Any(c => c.GetString() == text));
            return fits ? [] : [$"{path}: `{text}` does not fit"];
        }
    }
}
