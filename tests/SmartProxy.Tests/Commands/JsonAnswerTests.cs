using System.Text.Json;
using SmartProxy.Commands;
using SmartProxy.Installation;
using SmartProxy.Protocol;
using SmartProxy.Storage;
using SmartProxy.TestKit;
using SmartProxy.Tests.Storage;

namespace SmartProxy.Tests.Commands;

/// <summary>What commands that change or copy books tell programs: one JSON document on standard output, and nothing else.</summary>
public sealed class JsonAnswerTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private DataFolder Data => new(_folder.File("data"));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_backup_tells_what_it_copied()
    {
        await PayAsync();

        var (code, answer) = await RunAsync("ledger", "backup", "--to", _folder.File("copy"), "--json");

        Assert.Equal((0, true), (code, answer.GetProperty("good").GetBoolean()));
        Assert.Equal(LedgerVerify.Check(_folder.File("copy"), _ => { }).Head.ToHex(), answer.GetProperty("head").GetString());
    }

    [Fact]
    public async Task A_repair_tells_what_was_wrong_and_what_was_kept()
    {
        await PayAsync();
        await File.AppendAllTextAsync(JournalFiles.JournalIn(Data.Path), "{\"v\":1,", TestContext.Current.CancellationToken);

        var (looked, wrong) = await RunAsync("ledger", "repair", "--explain", "--json");
        var (cut, done) = await RunAsync("ledger", "repair", "--json");
        var (good, well) = await RunAsync("ledger", "repair", "--json");

        Assert.Equal((1, 0, 0), (looked, cut, good));
        Assert.Equal((false, true, JsonValueKind.Null), (wrong.GetProperty("good").GetBoolean(), wrong.GetProperty("canBeCut").GetBoolean(), wrong.GetProperty("kept").ValueKind));
        Assert.Contains("bytes of an interrupted write", wrong.GetProperty("findings")[2].GetString(), StringComparison.Ordinal);
        Assert.True(File.Exists(done.GetProperty("kept").GetString()));
        Assert.Equal((true, false), (well.GetProperty("good").GetBoolean(), well.GetProperty("canBeCut").GetBoolean()));
    }

    [Fact]
    public async Task An_accepted_rollback_tells_what_the_anchor_has_seen()
    {
        using var kit = new CommandKit();
        await kit.InitAsync();
        var anchor = _folder.File("anchor.json");
        var head = new AnchorHead(Bytes32.Sha256("journal"u8), 7, Bytes32.Sha256("line 7"u8));
        head.Write(anchor);

        var (code, output, _) = await kit.RunAsync("ledger", "accept-rollback", "--anchor", anchor, "--reason", "the disk was lost", "--data", kit.Data, "--json");

        var answer = JsonDocument.Parse(output).RootElement;
        Assert.Equal(0, code);
        Assert.Equal((7L, head.Hash.ToHex(), "the disk was lost"), (answer.GetProperty("anchorLine").GetInt64(), answer.GetProperty("anchorHash").GetString(), answer.GetProperty("reason").GetString()));
    }

    [Fact]
    public async Task A_void_tells_the_payment_and_its_outcome()
    {
        using var kit = new CommandKit();
        await kit.InitAsync();
        var payment = Purchases.Request(1, DateTimeOffset.UnixEpoch).Id;

        var (code, output, _) = await kit.RunAsync("payments", "void", payment.ToString(), "--reason", "seller is gone", "--data", kit.Data, "--json");

        Assert.Equal((0, $$"""{"payment":"{{payment}}","outcome":"voided","reason":"seller is gone"}"""), (code, output.TrimEnd()));
    }

    private async Task PayAsync()
    {
        Data.Make();
        await using var ledger = await OpenLedger.OpenAsync(Data.Path);
        await ledger.PayAsync(1);
    }

    private async Task<(int Code, JsonElement Answer)> RunAsync(params string[] arguments)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var code = await CommandLineRoot.RunAsync([.. arguments, "--data", Data.Path], SmartProxy.Hosting.Seams.Create(), output, error, TestContext.Current.CancellationToken);
        Assert.Empty(error.ToString());
        return (code, JsonDocument.Parse(output.ToString()).RootElement);
    }
}
