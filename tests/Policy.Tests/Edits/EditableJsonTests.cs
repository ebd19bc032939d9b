using System.Text;
using SmartProxy.Policy.Edits;

namespace SmartProxy.Policy.Tests.Edits;

/// <summary>A policy file is changed at one place, and everything else stays as a person wrote it.</summary>
public sealed class EditableJsonTests
{
    private const string File = """
        {
          // who may spend
          "agents": {
            "me": {
              "allow": ["exa", /* papers */ "*.papers.example"], // hosts
              "deny": [ "casino.example" ],
              "limits": { "day": "1.00" }
            }
          }
        }
        """;

    public static TheoryData<string, Func<object, byte[]>, string, string> Edits => new()
    {
        { "a value", json => Json(json).Replace("agents.me.limits.day", "\"5.00\""), "\"day\": \"1.00\"", "\"day\": \"5.00\"" },
        { "an item more", json => Json(json).AddItem("agents.me.allow", "\"x.test\""), "\"*.papers.example\"]", "\"*.papers.example\", \"x.test\"]" },
        { "a member more, on a line of its own", json => Json(json).AddMember("agents.me", "wallet", "\"w\""), "{ \"day\": \"1.00\" }\n", "{ \"day\": \"1.00\" },\n      \"wallet\": \"w\"\n" },
        { "a member more, in the same line", json => Json(json).AddMember("agents.me.limits", "month", "\"9.00\""), "\"day\": \"1.00\" }", "\"day\": \"1.00\", \"month\": \"9.00\" }" },
        { "an item less, with its comma and not the comment", json => Json(json).Remove("agents.me.allow[0]"), "[\"exa\", /*", "[ /*" },
        { "the only item", json => Json(json).Remove("agents.me.deny[0]"), "[ \"casino.example\" ]", "[  ]" },
    };

    [Theory, MemberData(nameof(Edits))]
    public void Only_the_place_changes(string what, Func<object, byte[]> edit, string before, string after)
    {
        Assert.Contains(before, File, StringComparison.Ordinal);

        var changed = Encoding.UTF8.GetString(edit(EditableJson.TryParse(Encoding.UTF8.GetBytes(File))!));

        Assert.True(changed == File.Replace(before, after, StringComparison.Ordinal), $"{what}: {changed}");
    }

    [Theory]
    [InlineData("""{ "a": "x" }""", """{ "a": ["x", "y"] }""")]
    [InlineData("""{ "a": [] }""", """{ "a": ["y"] }""")]
    [InlineData("""{ "a": ["x",] }""", """{ "a": ["x", "y",] }""")]
    [InlineData("""{ "a": [ // none yet""" + "\n] }", """{ "a": ["y" // none yet""" + "\n] }")]
    public void An_item_is_added_to_every_kind_of_list(string before, string after)
    {
        var changed = EditableJson.TryParse(Encoding.UTF8.GetBytes(before))!.AddItem("a", "\"y\"");

        Assert.Equal(after, Encoding.UTF8.GetString(changed));
    }

    [Fact]
    public void A_place_is_found_behind_a_byte_order_mark_and_by_its_quoted_keys()
    {
        byte[] bytes = [.. Encoding.UTF8.Preamble, .. """{ "in": { "exa POST /search*":"""u8, .. "\n"u8, .. """{ "day": "1.00" } } }"""u8];

        var json = EditableJson.TryParse(bytes)!;

        Assert.Equal(2, json.LineOf("in[\"exa POST /search*\"].day"));
        Assert.Equal("\"1.00\"", json.ValueAt("in[\"exa POST /search*\"].day"));
        Assert.Equal(bytes.Length, json.Replace("in[\"exa POST /search*\"].day", "\"2.00\"").Length);
    }

    [Fact]
    public void Text_that_needs_escapes_stays_one_value() => Assert.Equal("\"a\\\"b\\\\c\"", EditableJson.TextOf("a\"b\\c"));

    private static EditableJson Json(object json) => (EditableJson)json;
}
