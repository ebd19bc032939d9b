using System.IO.Compression;
using System.Text.Json;
using SmartProxy.Commands;
using SmartProxy.Installation;
using SmartProxy.Ledger;
using SmartProxy.Receipts;
using SmartProxy.TestKit;
using SmartProxy.Tests.Storage;

namespace SmartProxy.Tests.Commands;

/// <summary>
/// <c>statement</c>, <c>evidence</c>, <c>dispute</c> and <c>merchants</c> as typed, over the real books of a stopped system that paid one cent in March 2026.
/// </summary>
public sealed class BooksCommandTests : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private string _receipt = "";

    private DataFolder Data => new(_folder.File("data"));

    public async ValueTask InitializeAsync()
    {
        Data.Make();
        ReceiptKeys.Create(Data.ReceiptsKey, DateTimeOffset.UnixEpoch);
        await using var ledger = await OpenLedger.OpenAsync(Data.Path);
        var paid = await ledger.PayAsync(1);
        await ledger.Host.RecordAsync(new LedgerEvent.Sent(paid));
        await ledger.Host.RecordAsync(Purchases.Settled(paid));
        _receipt = $"rcpt_{paid}";
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData("statement", "'--month' is required")]
    [InlineData("statement --month 2026-13", "after --month, found `2026-13`")]
    [InlineData("statement --month 2999-01", "expected a month that has begun, found `2999-01")]
    [InlineData("statement --month 2026-03 --time-zone Nowhere/Land", "expected a time zone such as `Europe/Berlin` after --time-zone, found `Nowhere/Land`")]
    [InlineData("statement --month 2026-03 --rpc ftp://node.test", "expected a node's URL such as `http://127.0.0.1:8545` after --rpc, found `ftp://node.test`")]
    [InlineData("statement verify", "see `smartproxy statement verify --help`")]
    [InlineData("statement verify nowhere.jws", "at `nowhere.jws`")]
    [InlineData("evidence --month 2026-03", "'--to' is required")]
    [InlineData("evidence --to evidence.zip", "'--month' is required")]
    [InlineData("evidence --month march --to evidence.zip", "after --month, found `march`")]
    [InlineData("dispute --to dispute.zip", "see `smartproxy dispute --help`")]
    [InlineData("dispute rcpt_nonsense --to dispute.zip", "expected a receipt's id such as `rcpt_…`, or a file that holds a receipt, found `rcpt_nonsense`")]
    [InlineData("merchants --since yesterday", "expected a date such as `2026-03-01`")]
    [InlineData("merchants exa", "there is no command or option `exa` here")]
    public async Task What_can_not_be_meant_is_explained_in_one_line_and_nothing_is_written(string line, string told)
    {
        var (code, output, error) = await RunAsync(line.Split(' '));

        Assert.Equal((2, ""), (code, output));
        Assert.StartsWith("smartproxy: ", error, StringComparison.Ordinal);
        Assert.Contains(told, error, StringComparison.Ordinal);
        Assert.Single(error.Trim().Split('\n'));
        Assert.False(File.Exists("evidence.zip") || File.Exists("dispute.zip"));
    }

    [Theory]
    [InlineData("statement --month 2026-03")]
    [InlineData("evidence --month 2026-03 --to FILE")]
    [InlineData("dispute RECEIPT --to FILE")]
    [InlineData("merchants")]
    public async Task A_folder_without_books_is_named_and_no_file_is_left(string line)
    {
        var empty = new DataFolder(_folder.File("empty"));
        empty.Make();
        ReceiptKeys.Create(empty.ReceiptsKey, DateTimeOffset.UnixEpoch);

        var (code, _, error) = await RunAsync([.. Filled(line), "--data", empty.Path]);

        Assert.Equal(1, code);
        Assert.StartsWith($"smartproxy: the journal of `{empty.Path}` can't be read: ", error, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.File("books.zip")));
    }

    [Theory]
    [InlineData("statement --month 2026-03")]
    [InlineData("evidence --month 2026-03 --to FILE")]
    [InlineData("dispute RECEIPT --to FILE")]
    public async Task Without_a_key_nothing_is_signed_and_no_file_is_left(string line)
    {
        Directory.Delete(Data.ReceiptsKey, recursive: true);

        var (code, output, error) = await RunAsync(Filled(line));

        Assert.Equal((2, ""), (code, output));
        Assert.Contains(Data.ReceiptsKey, error, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.File("books.zip")));
    }

    [Fact]
    public async Task A_statement_without_a_node_says_what_is_not_known_and_what_is_written_verifies()
    {
        var file = _folder.File("march.jws");
        var (code, text, _) = await RunAsync("statement", "--month", "2026-03", "--to", file);
        var (_, json, _) = await RunAsync("statement", "--month", "2026-03", "--json");

        Assert.Equal(1, code);
        Assert.Contains("no node of this chain was named", text, StringComparison.Ordinal);
        using var document = JsonDocument.Parse(json);
        Assert.Equal(JsonValueKind.Object, document.RootElement.GetProperty("statement").ValueKind);
        Assert.Equal(3, document.RootElement.GetProperty("jws").GetString()!.Split('.').Length);

        Assert.StartsWith("good: ", (await RunAsync("statement", "verify", file)).Output, StringComparison.Ordinal);
        var signed = (await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)).Split('.');
        await File.WriteAllTextAsync(file, $"{signed[0]}.{signed[1][..^2]}AA.{signed[2]}", TestContext.Current.CancellationToken);
        var forged = await RunAsync("statement", "verify", file);
        Assert.Equal((1, ""), (forged.Code, forged.Output));
        Assert.Contains("the statement is not good: ", forged.Error, StringComparison.Ordinal);
        var asJson = await RunAsync("statement", "verify", file, "--json");
        Assert.Equal(1, asJson.Code);
        Assert.False(JsonDocument.Parse(asJson.Output).RootElement.GetProperty("good").GetBoolean());
    }

    [Fact]
    public async Task Evidence_is_one_zip_file_that_is_never_replaced()
    {
        var (code, output, _) = await RunAsync(Filled("evidence --month 2026-03 --to FILE"));
        var before = await File.ReadAllBytesAsync(_folder.File("books.zip"), TestContext.Current.CancellationToken);
        var again = await RunAsync(Filled("evidence --month 2026-03 --to FILE"));

        Assert.Equal(1, code); // no node was asked, so nothing ties out
        Assert.Contains("1 receipt, and a statement that does NOT tie out, or is not known to", output, StringComparison.Ordinal);
        using var zip = new ZipArchive(new MemoryStream(before));
        Assert.Superset(new HashSet<string> { "HOW-TO.txt", "journal.jsonl" }, zip.Entries.Select(entry => entry.FullName).ToHashSet());
        Assert.Equal(2, again.Code);
        Assert.Contains("is there already: name another file after --to, or move it away", again.Error, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(_folder.File("books.zip"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_dispute_takes_a_receipts_id_and_of_an_unknown_one_no_file_is_left()
    {
        var stranger = $"rcpt_{Purchases.Request(9, DateTimeOffset.UnixEpoch).Id}";
        var unknown = await RunAsync("dispute", stranger, "--to", _folder.File("books.zip"));
        Assert.Equal(1, unknown.Code);
        Assert.Contains("has no payment or refusal with this receipt, or its outcome is still open", unknown.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.File("books.zip")));

        var (code, output, _) = await RunAsync(Filled("dispute RECEIPT --to FILE"));
        Assert.Equal(0, code);
        Assert.Contains("1 receipt of one payment; HOW-TO.txt in it says how to check it", output, StringComparison.Ordinal);
        Assert.True(File.Exists(_folder.File("books.zip")));

        var other = _folder.File("again.zip");
        using var json = JsonDocument.Parse((await RunAsync("dispute", _receipt, "--to", other, "--json")).Output);
        Assert.Equal((other, 1), (json.RootElement.GetProperty("file").GetString(), json.RootElement.GetProperty("receipts").GetInt32()));
    }

    [Fact]
    public async Task Evidence_of_a_damaged_journal_is_refused_and_no_half_of_it_is_left()
    {
        var journal = Path.Combine(Data.Ledger, "journal-000001.jsonl");
        await File.WriteAllTextAsync(journal, (await File.ReadAllTextAsync(journal, TestContext.Current.CancellationToken)).Replace("research", "RESEARCH", StringComparison.Ordinal), TestContext.Current.CancellationToken);

        var (code, _, error) = await RunAsync(Filled("dispute RECEIPT --to FILE"));

        Assert.Equal(1, code);
        Assert.Contains("can't be read", error, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.File("books.zip")));
    }

    [Fact]
    public async Task Merchants_are_scored_in_columns_and_in_json_from_a_time_on()
    {
        var (code, output, _) = await RunAsync("merchants");
        var (_, json, _) = await RunAsync("merchants", "--json");
        var (later, nobody, _) = await RunAsync("merchants", "--since", "2026-04-01", "--json");

        Assert.Equal((0, 0), (code, later));
        Assert.StartsWith("MERCHANT", output, StringComparison.Ordinal);
        Assert.Contains("exa", output, StringComparison.Ordinal);
        using var document = JsonDocument.Parse(json);
        var exa = Assert.Single(document.RootElement.GetProperty("merchants").EnumerateArray());
        Assert.Equal(("exa", 1, "0.01", 1), (exa.GetProperty("merchant").GetString(), exa.GetProperty("payments").GetInt32(), exa.GetProperty("value").GetString(), exa.GetProperty("claimed").GetInt32()));
        Assert.Empty(JsonDocument.Parse(nobody).RootElement.GetProperty("merchants").EnumerateArray());
    }

    private string[] Filled(string line) => [.. line.Split(' ').Select(word => word switch { "FILE" => _folder.File("books.zip"), "RECEIPT" => _receipt, _ => word })];

    private async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        string[] data = arguments.Contains("--data") ? [] : ["--data", Data.Path];
        var code = await CommandLineRoot.RunAsync([.. arguments, .. data], SmartProxy.Hosting.Seams.Create(), output, error, TestContext.Current.CancellationToken);
        return (code, output.ToString(), error.ToString());
    }
}
