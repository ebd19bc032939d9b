using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using SmartProxy.Protocol;
using SmartProxy.Receipts;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Receipts;

/// <summary>
/// Receipts and journals as a verifier in another language sees them. It needs Node, or OpenSSL.
/// </summary>
public sealed class SecondVerifierTests : IDisposable
{
    private static readonly DateTimeOffset Now = ReceiptSamples.Decided.AddSeconds(2);

    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public async Task It_confirms_a_receipt_and_notices_changes()
    {
        OtherTools.Require("node");
        var (receipt, jwks) = Issue(ReceiptSamples.Paid);
        var parts = (await File.ReadAllTextAsync(receipt, TestContext.Current.CancellationToken)).Split('.');
        Assert.True(await VerifyAsync("receipt", receipt, jwks));

        foreach (var part in new[] { 0, 1, 2 })
        {
            var changed = (string[])parts.Clone();
            changed[part] = (parts[part][0] == 'e' ? 'f' : 'e') + parts[part][1..];
            var file = _temp.File($"changed-{part}");
            await File.WriteAllTextAsync(file, string.Join('.', changed), TestContext.Current.CancellationToken);
            Assert.False(await VerifyAsync("receipt", file, jwks));
        }
    }

    [Fact]
    public async Task It_confirms_a_refusal()
    {
        OtherTools.Require("node");
        var (receipt, jwks) = Issue(ReceiptSamples.Refused);
        Assert.True(await VerifyAsync("receipt", receipt, jwks));
    }

    [Fact]
    public async Task It_confirms_a_journal_and_that_the_journal_holds_a_receipt()
    {
        OtherTools.Require("node");
        var lines = Journal(ReceiptSamples.DecisionRecord);
        var journal = Save("journal", lines);
        var facts = ReceiptSamples.Paid with { ReserveLine = Line(2, lines), OutcomeLine = Line(3, lines) };
        var (receipt, jwks) = Issue(facts);
        Assert.True(await VerifyAsync("journal", journal));
        Assert.True(await VerifyAsync("receipt", receipt, jwks, journal));

        var (stranger, strangersKeys) = Issue(facts with { OutcomeLine = new LedgerLine(3, ReceiptSamples.Hash("another")) });
        Assert.False(await VerifyAsync("receipt", stranger, strangersKeys, journal));
    }

    [Theory]
    [InlineData("an edited line")]
    [InlineData("a missing line")]
    [InlineData("two lines swapped")]
    [InlineData("a torn tail")]
    [InlineData("a nonce of another decision")]
    public async Task It_notices_a_journal_that_was_touched(string how)
    {
        OtherTools.Require("node");
        var lines = Journal(ReceiptSamples.DecisionRecord);
        var touched = how switch
        {
            "an edited line" => [lines[0].Replace("opened", "opener", StringComparison.Ordinal), .. lines[1..]],
            "a missing line" => [lines[0], .. lines[2..]],
            "two lines swapped" => [lines[1], lines[0], lines[2]],
            "a nonce of another decision" => Journal("another"),
            _ => lines,
        };
        var text = string.Concat(touched.Select(line => line + "\n"));
        Assert.False(await VerifyAsync("journal", Save("touched", how == "a torn tail" ? text[..^1] : text)));
    }

    [Fact]
    public async Task Its_keccak_is_ours()
    {
        OtherTools.Require("node");
        foreach (var record in new[] { "", new string('a', 135), new string('a', 136), new string('ü', 500) })
        {
            var journal = Save("keccak", Journal(record, record));
            Assert.True(await VerifyAsync("journal", journal));
        }
    }

    [Fact]
    public async Task Openssl_confirms_a_receipt_and_shows_nothing_of_a_changed_one()
    {
        OtherTools.Require("openssl");
        var (receipt, jwks) = Issue(ReceiptSamples.Paid);
        var jws = await File.ReadAllTextAsync(receipt, TestContext.Current.CancellationToken);
        using var set = JsonDocument.Parse(await File.ReadAllTextAsync(jwks, TestContext.Current.CancellationToken));
        var key = set.RootElement.GetProperty("keys")[0];
        string[] point = [key.GetProperty("x").GetString()!, key.GetProperty("y").GetString()!];

        var (exitCode, output) = await OtherTools.RunAsync("sh", Repository.PathOf("tests", "verifier", "openssl.sh"), receipt, point[0], point[1]);
        Assert.Equal(0, exitCode);
        Assert.Contains("\"outcome\":\"paid\"", output, StringComparison.Ordinal);
        Assert.Equal((1, ""), await OtherTools.RunAsync("sh", Repository.PathOf("tests", "verifier", "openssl.sh"), Save("changed", "f" + jws[1..]), point[0], point[1]));
    }

    private static string[] Journal(string record, string? committed = null)
    {
        var nonce = Bytes32.Keccak256(Encoding.UTF8.GetBytes(committed ?? ReceiptSamples.DecisionRecord));
        string[] members =
        [
            "\"type\":\"opened\"",
            $"\"type\":\"reserved\",\"record\":\"{JsonEncodedText.Encode(record)}\",\"authorization\":{{\"nonce\":\"{nonce}\"}}",
            "\"type\":\"settled\"",
        ];

        var previous = new string('0', 64);
        return [.. members.Select((member, i) =>
        {
            var line = $"{{\"v\":1,\"seq\":{i + 1},\"prev\":\"{previous}\",{member}}}";
            previous = ReceiptSamples.Hash(line).ToHex();
            return line;
        })];
    }

    private static LedgerLine Line(int sequence, string[] lines) => new(sequence, ReceiptSamples.Hash(lines[sequence - 1]));

    private string Save(string name, string[] lines) => Save(name, string.Concat(lines.Select(line => line + "\n")));

    private string Save(string name, string text)
    {
        File.WriteAllText(_temp.File(name), text);
        return _temp.File(name);
    }

    private (string Receipt, string Jwks) Issue(ReceiptFacts facts)
    {
        var folder = _temp.File($"key-{Guid.NewGuid():N}");
        ReceiptKeys.Create(folder, Now.AddDays(-1));
        using var keys = ReceiptKeys.Load(folder);
        var receipt = new ReceiptIssuer(keys, new FakeTimeProvider(Now)).Issue(facts);
        return (Save($"{Path.GetFileName(folder)}.jws", receipt.Jws), Save($"{Path.GetFileName(folder)}.jwks", keys.Jwks));
    }

    private static async Task<bool> VerifyAsync(params string[] arguments)
    {
        var (exitCode, output) = await OtherTools.RunAsync("node", [Repository.PathOf("tests", "verifier", "verify.mjs"), .. arguments]);
        using var answer = JsonDocument.Parse(output);
        var holds = answer.RootElement.GetProperty("ok").GetBoolean();
        Assert.Equal(holds ? 0 : 1, exitCode);
        return holds;
    }
}
