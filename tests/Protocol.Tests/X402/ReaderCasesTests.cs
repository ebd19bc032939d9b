using System.Text;
using System.Text.Json;
using SmartProxy.Protocol.X402;
using SmartProxy.TestKit;

namespace SmartProxy.Protocol.Tests.X402;

/// <summary>Every case of <c>payment_required_cases.json</c>.</summary>
public sealed class ReaderCasesTests
{
    private static readonly Dictionary<string, JsonElement> Cases =
        Repository.Vectors("payment_required_cases").GetProperty("cases").EnumerateArray().ToDictionary(item => item.GetProperty("id").GetString()!);

    public static TheoryData<string> Ids => [.. Cases.Keys];

    [Fact]
    public void There_are_97_cases() => Assert.Equal(97, Cases.Count);

    [Theory]
    [MemberData(nameof(Ids))]
    public void Every_case_is_classified_as_expected(string id)
    {
        var item = Cases[id];
        var expected = item.GetProperty("expect");

        var challenge = Read(item);

        Assert.Equal(expected.GetProperty("classification").GetString(), WordOf(challenge.Class));
        Assert.Equal(expected.GetProperty("reason").GetString(), challenge.Reason);
        Assert.Equal(TextOf(expected, "lenient"), challenge.Lenient);
        Assert.Equal(ListOf(expected, "flags"), challenge.Flags);
        Assert.Equal(ListOf(expected, "payableIndexes"), challenge.Offers.Select(offer => offer.Index.ToString()));
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void What_is_payable_keeps_the_sellers_text(string id)
    {
        var item = Cases[id];
        var challenge = Read(item);
        if (challenge.Offers.Count == 0)
        {
            return;
        }

        var text = TextOf(item, "document") ?? TextOf(item, "body")!;
        var header = HeadersOf(item)(X402Reader.HeaderName);
        var document = header.Count == 1 ? Encoding.UTF8.GetString(Convert.FromBase64String(Padded(header[0]))) : text;
        Assert.All(challenge.Offers, offer => Assert.Contains(offer.Original, document, StringComparison.Ordinal));
        Assert.Equal(Bytes32.Sha256(Encoding.UTF8.GetBytes(document)), challenge.TermsHash);
    }

    private static Challenge Read(JsonElement item) => X402Reader.Read(
        item.TryGetProperty("status", out var status) ? status.GetInt32() : 402,
        HeadersOf(item),
        Encoding.UTF8.GetBytes(TextOf(item, "body") ?? "{}"),
        bodyIsWhole: true,
        TextOf(item, "contentType"),
        Answers.RequestUrl,
        Answers.Profile);

    private static Func<string, IReadOnlyList<string>> HeadersOf(JsonElement item)
    {
        if (item.GetProperty("carrier").GetString() == "header")
        {
            var bytes = Encoding.UTF8.GetBytes(TextOf(item, "document")!);
            return Answers.Headers((X402Reader.HeaderName, Convert.ToBase64String(bytes)));
        }

        return item.TryGetProperty("headers", out var headers)
            ? Answers.Headers([.. headers.EnumerateObject().SelectMany(header => Lines(header.Value).Select(line => (header.Name, line)))])
            : Answers.Headers();
    }

    private static IEnumerable<string> Lines(JsonElement value) =>
        value.ValueKind is JsonValueKind.Array ? value.EnumerateArray().Select(line => line.GetString()!) : [value.GetString()!];

    private static string Padded(string text) => text.PadRight((text.Length + 3) / 4 * 4, '=');

    private static string? TextOf(JsonElement element, string name) => element.TryGetProperty(name, out var member) ? member.GetString() : null;

    private static IEnumerable<string> ListOf(JsonElement element, string name) =>
        element.TryGetProperty(name, out var list) ? list.EnumerateArray().Select(item => item.ToString()) : [];

    private static string WordOf(ChallengeClass value) => value switch
    {
        ChallengeClass.NotX402 => "not-x402",
        ChallengeClass.Malformed => "malformed",
        ChallengeClass.Unsupported => "unsupported",
        ChallengeClass.Payable => "payable",
    };
}
