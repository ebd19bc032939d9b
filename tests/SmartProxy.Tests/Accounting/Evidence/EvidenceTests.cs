using System.IO.Compression;
using System.Text;
using System.Text.Json;
using SmartProxy.Accounting.Evidence;
using SmartProxy.Accounting.Statements;
using SmartProxy.Ledger;
using SmartProxy.Receipts;
using SmartProxy.Storage;
using SmartProxy.TestKit;
using SmartProxy.Tests.Accounting.Statements;
using SmartProxy.Tests.Receipts;
using SmartProxy.Tests.Storage;

namespace SmartProxy.Tests.Accounting.Evidence;

/// <summary>
/// A month in a zip file, checked by the verifier that comes with it and that shares no code with the product. With <c>SMARTPROXY_LONG=1</c> every
/// byte of every file is flipped, not a sample.
/// </summary>
public sealed class EvidenceTests : IDisposable
{
    private static readonly string Flips = Environment.GetEnvironmentVariable("SMARTPROXY_LONG") == "1" ? "0" : "40";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_month_is_verified_with_nothing_of_ours_and_any_flipped_byte_is_noticed()
    {
        OtherTools.Require("node");
        await using var month = await MonthAsync();
        var folder = await EvidenceAsync(month);

        var (code, output) = await OtherTools.RunAsync("node", Path.Combine(folder, "verifier", "verify.mjs"), "evidence", folder);
        Assert.Equal(0, code);
        var said = JsonDocument.Parse(output).RootElement;
        Assert.Equal((5, 2, true), (said.GetProperty("receipts").GetInt32(), said.GetProperty("proofs").GetInt32(), said.GetProperty("tiesOut").GetBoolean()));

        var flipped = await OtherTools.RunAsync("node", Repository.PathOf("tests", "SmartProxy.Tests", "Accounting", "Evidence", "flip.mjs"), Repository.PathOf("tests", "verifier"), folder, Flips);
        Assert.Equal(0, flipped.ExitCode);
        var result = JsonDocument.Parse(flipped.Output).RootElement;
        Assert.True(result.GetProperty("tried").GetInt32() > 30 * Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Count());
        Assert.Equal("[]", result.GetProperty("unnoticed").GetRawText());
    }

    [Fact]
    public async Task A_missing_file_a_further_one_and_keys_of_a_stranger_are_noticed()
    {
        OtherTools.Require("node");
        await using var month = await MonthAsync();
        var folder = await EvidenceAsync(month);
        var receipt = Directory.EnumerateFiles(Path.Combine(folder, "receipts")).First();
        File.Move(receipt, _folder.File("kept"));
        await AssertFlawAsync("missing", "evidence", folder);
        File.Move(_folder.File("kept"), receipt);

        await File.WriteAllTextAsync(Path.Combine(folder, "receipts", "more.jws"), "", TestContext.Current.CancellationToken);
        await AssertFlawAsync("not in the manifest", "evidence", folder);
        File.Delete(Path.Combine(folder, "receipts", "more.jws"));

        // Whoever forges all of it signs with keys of his own: that is what trusted keys are for.
        ReceiptKeys.Create(_folder.File("others"), StatementWorld.Start);
        using var others = ReceiptKeys.Load(_folder.File("others"));
        await File.WriteAllTextAsync(_folder.File("trusted.json"), others.Jwks, TestContext.Current.CancellationToken);
        await AssertFlawAsync("the key set has no", "evidence", folder, _folder.File("trusted.json"));
        Assert.Equal(0, (await VerifyAsync("evidence", folder, Path.Combine(folder, "keys.json"))).ExitCode);
    }

    [Theory]
    [InlineData("a receipt is left out", "is missing (line")]
    [InlineData("another policy", "do not hash to it")]
    [InlineData("a rewritten journal line", "does not follow")]
    [InlineData("a proof in another block", "names another block")]
    public async Task Even_who_has_the_key_can_not_sign_what_does_not_hang_together(string how, string flaw)
    {
        OtherTools.Require("node");
        await using var month = await MonthAsync();
        var folder = await EvidenceAsync(month);
        switch (how)
        {
            case "a receipt is left out":
                var dropped = Directory.EnumerateFiles(Path.Combine(folder, "receipts")).Where(file => !file.EndsWith(".2.jws", StringComparison.Ordinal)).Order(StringComparer.Ordinal).Last();
                File.Delete(dropped);
                break;
            case "another policy":
                Change(Directory.EnumerateFiles(Path.Combine(folder, "policies")).Order(StringComparer.Ordinal).First(), "{}", "{ }");
                break;
            case "a rewritten journal line":
                Change(Path.Combine(folder, "journal.jsonl"), "\"change\":\"first\"", "\"change\":\"other\"");
                break;
            default:
                var proofs = await File.ReadAllTextAsync(Path.Combine(folder, "proofs.json"), TestContext.Current.CancellationToken);
                var block = JsonDocument.Parse(proofs).RootElement.GetProperty("proofs")[0].GetProperty("block").GetRawText();
                Change(Path.Combine(folder, "proofs.json"), $"\"block\": {block}", $"\"block\": {block}1");
                break;
        }

        SealAnew(folder);
        await AssertFlawAsync(flaw, "evidence", folder);
    }

    [Fact]
    public async Task Equal_content_makes_equal_bytes_and_the_journal_is_as_of_one_line()
    {
        await using var month = await MonthAsync();
        var signed = Sign(month, await month.StatementAsync());
        var first = Write(month, new EvidenceScope.OfMonth(signed.Statement.Month), signed, "first.zip");
        await month.World.KeptAsync(); // a running system goes on
        var second = Write(month, new EvidenceScope.OfMonth(signed.Statement.Month), signed, "second.zip");

        Assert.Equal(Entries(first).Select(entry => entry.Name), Entries(second).Select(entry => entry.Name));
        foreach (var (one, other) in Entries(first).Zip(Entries(second)).Where(pair => !pair.First.Name.EndsWith(".jws", StringComparison.Ordinal))) // ECDSA signatures differ each time
        {
            Assert.Equal((one.Name, one.Time, one.Text), (other.Name, other.Time, other.Text));
        }

        var names = Entries(first).Select(entry => entry.Name).ToList();
        Assert.Equal([.. names.SkipLast(1).Order(StringComparer.Ordinal), EvidencePack.ManifestName], names);
    }

    [Fact]
    public async Task A_dispute_holds_everything_about_one_payment_and_nothing_of_another()
    {
        OtherTools.Require("node");
        await using var month = await MonthAsync();
        var proven = month.World.Recorded<LedgerEvent.Proven>()[0].Payment;
        var zip = Write(month, new EvidenceScope.OfPayment(proven), null, "dispute.zip");

        var entries = Entries(zip);
        Assert.Equal([$"receipts/rcpt_{proven}.2.jws", $"receipts/rcpt_{proven}.jws"], entries.Select(entry => entry.Name).Where(name => name.StartsWith("receipts/", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        var lines = entries.Single(entry => entry.Name == "lines.jsonl").Text.TrimEnd().Split('\n').Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(["reserved", "sent", "settled", "proven"], lines.Select(line => line.GetProperty("type").GetString()));
        Assert.All(lines, line => Assert.Equal(proven.Value, line.GetProperty("payment").GetString()));
        var folder = Unpack(zip);
        Assert.Equal(0, (await VerifyAsync("evidence", folder)).ExitCode);
        Change(Path.Combine(folder, "lines.jsonl"), "\"status\":200", "\"status\":500");
        SealAnew(folder);
        await AssertFlawAsync("the journal has another line", "evidence", folder);
    }

    // Two proven payments, one of them after a claim, a doubt that is still open, and a refusal that came twice.
    private static async Task<StatementWorld> MonthAsync()
    {
        var month = await StatementWorld.OpenAsync();
        await month.UsedAsync();
        await month.UsedAsync(isClaimed: false);
        await month.World.Ledger.Host.RecordAsync(Purchases.Refused(7, month.World.Now));
        await month.World.Ledger.Host.RecordAsync((LedgerEvent.Refused)Purchases.Refused(7, month.World.Now) with { Count = 2 });
        await month.World.PassAsync(70);
        await month.World.KeptAsync();
        month.Chain.Mine(month.World.Now);
        return month;
    }

    private SignedStatement Sign(StatementWorld month, Statement statement)
    {
        using var keys = Keys();
        var payload = StatementDocument.Write(statement, month.World.Now);
        return new SignedStatement(statement, payload, keys.Signer.Sign(payload, StatementDocument.Type));
    }

    private async Task<string> EvidenceAsync(StatementWorld month)
    {
        var signed = Sign(month, await month.StatementAsync());
        return Unpack(Write(month, new EvidenceScope.OfMonth(signed.Statement.Month), signed, "evidence.zip"));
    }

    private string Write(StatementWorld month, EvidenceScope scope, SignedStatement? statement, string name)
    {
        using var keys = Keys();
        using var file = File.Create(_folder.File(name));
        new EvidenceMaker(seen => JournalScan.ReadBytes(month.World.Folder, seen), keys, month.World.Ledger.Time).Write(scope, statement, file);
        return _folder.File(name);
    }

    private string Unpack(string zip)
    {
        var folder = _folder.File(Path.GetFileNameWithoutExtension(zip));
        ZipFile.ExtractToDirectory(zip, folder);
        return folder;
    }

    private ReceiptKeys Keys()
    {
        if (!Directory.Exists(_folder.File("key")))
        {
            ReceiptKeys.Create(_folder.File("key"), StatementWorld.Start.AddYears(-1));
        }

        return ReceiptKeys.Load(_folder.File("key"));
    }

    // As somebody would who has stolen the key: the list of files is made anew, the rest stays.
    private void SealAnew(string folder)
    {
        var manifest = Path.Combine(folder, EvidencePack.ManifestName);
        var payload = JsonDocument.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(File.ReadAllText(manifest).Split('.')[1])).RootElement;
        var about = payload.EnumerateObject().Where(member => member.Name is not ("v" or "files" or "issuedAt")).ToList();
        using var keys = Keys();
        using var output = new MemoryStream();
        using (var pack = new EvidencePack(output))
        {
            foreach (var name in payload.GetProperty("files").EnumerateArray().Select(file => file.GetProperty("name").GetString()!).Where(name => File.Exists(Path.Combine(folder, name))))
            {
                pack.Add(name, File.ReadAllBytes(Path.Combine(folder, name)));
            }

            pack.Seal(keys.Signer, json => about.ForEach(member => member.WriteTo(json)), payload.GetProperty("issuedAt").GetDateTimeOffset());
        }

        using var zip = new ZipArchive(output);
        zip.GetEntry(EvidencePack.ManifestName)!.ExtractToFile(manifest, overwrite: true);
    }

    private static void Change(string file, string from, string to)
    {
        var text = File.ReadAllText(file);
        Assert.Contains(from, text, StringComparison.Ordinal);
        File.WriteAllText(file, text.Replace(from, to, StringComparison.Ordinal), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
    }

    private static List<(string Name, DateTimeOffset Time, string Text)> Entries(string zip)
    {
        using var archive = ZipFile.OpenRead(zip);
        return [.. archive.Entries.Select(entry =>
        {
            using var reader = new StreamReader(entry.Open());
            return (entry.FullName, entry.LastWriteTime, reader.ReadToEnd());
        })];
    }

    private static Task<(int ExitCode, string Output)> VerifyAsync(params string[] arguments) =>
        OtherTools.RunAsync("node", [Repository.PathOf("tests", "verifier", "verify.mjs"), .. arguments]);

    private static async Task AssertFlawAsync(string flaw, params string[] arguments)
    {
        var (code, output) = await VerifyAsync(arguments);
        Assert.Equal(1, code);
        Assert.Contains(flaw, JsonDocument.Parse(output).RootElement.GetProperty("flaw").GetString(), StringComparison.Ordinal);
    }
}
