using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Storage;
using SmartProxy.TestKit;

namespace SmartProxy.Faults.Tests;

/// <summary>
/// Somebody changes the books. What the files alone betray, <c>ledger verify</c> finds and a start refuses; what they can't betray, because whoever wrote
/// them anew wrote everything anew, the anchor finds, and the chain (tests/Interop/AuditTests). With <c>SMARTPROXY_LONG=1</c> every bit of every byte.
/// </summary>
public sealed class TamperTests : IAsyncLifetime
{
    private Seller _seller = null!;
    private Installation _books = null!;
    private byte[] _journal = null!;

    private string Journal => _books.JournalFiles[^1];

    private string Head => Path.Combine(_books.LedgerFolder, "head.jsonl");

    public async ValueTask InitializeAsync()
    {
        _seller = await Seller.StartAsync();
        _books = await Installation.MakeAsync(_seller.Authority, """ "total": "1.00" """, settings => settings["Ledger"] = new JsonObject { ["Anchor"] = "anchor.json" });
        await using (var proxy = await ProxyProcess.StartAsync(_books))
        {
            Assert.Equal(200, (await proxy.AskAsync(_seller.Url("/paid/1"))).Status);
            Assert.Equal("payment_not_accepted", (await proxy.AskAsync(_seller.Url("/keep/1"))).Reason);
            Assert.Equal(0, await proxy.StopAsync());
        }

        _journal = await File.ReadAllBytesAsync(Journal);
        Assert.Equal(0, (await _books.VerifyAsync()).Code);
    }

    public async ValueTask DisposeAsync()
    {
        await _seller.DisposeAsync();
        _books.Dispose();
    }

    [Fact, Trait("invariant", "I9")]
    public void Every_changed_byte_of_the_journal_is_found()
    {
        // In the short form a seventh of the bytes, each line's first and last ones among them.
        for (var at = 0; at < _journal.Length; at++)
        {
            var isEdge = at == _journal.Length - 1 || _journal[at] == '\n' || (at > 0 && _journal[at - 1] == '\n');
            for (var bit = 0; bit < 8; bit++)
            {
                if (Long.Is || ((at % 7 == 0 || isEdge) && bit == at % 8))
                {
                    var changed = (byte[])_journal.Clone();
                    changed[at] ^= (byte)(1 << bit);
                    File.WriteAllBytes(Journal, changed);
                    Assert.True(LedgerVerify.Check(_books.Data.Path, _ => { }).Problem is not null, $"bit {bit} of byte {at}");
                }
            }
        }
    }

    [Fact, Trait("invariant", "I9")]
    public void Every_changed_byte_of_the_head_is_found_and_loses_nothing()
    {
        var head = File.ReadAllBytes(Head);
        for (var at = 0; at < head.Length; at++)
        {
            var changed = (byte[])head.Clone();
            changed[at] ^= (byte)(1 << (at % 8));
            File.WriteAllBytes(Head, changed);
            Assert.True(LedgerVerify.Check(_books.Data.Path, _ => { }).Problem is not null, $"byte {at}");
        }

        // One copy is left: a start takes that one.
        File.WriteAllBytes(Head, [.. new byte[head.Length / 2], .. head[(head.Length / 2)..]]);
        Assert.Null(TryOpen());
        Assert.Equal(_journal, File.ReadAllBytes(Journal)[.._journal.Length]);
    }

    public static TheoryData<string> LineChanges => ["removed", "twice", "swapped", "cut after", "inserted", "emptied"];

    [Theory, MemberData(nameof(LineChanges)), Trait("invariant", "I9")]
    public void Whatever_is_done_to_a_line_is_found_and_no_start_goes_on_from_it(string change)
    {
        var lines = LinesOf(_journal);
        for (var at = 0; at < lines.Count - (change is "swapped" or "cut after" ? 1 : 0); at++)
        {
            File.WriteAllBytes(Journal, Join(Changed([.. lines], change, at)));
            Assert.True(LedgerVerify.Check(_books.Data.Path, _ => { }).Problem is not null, $"line {at + 1} {change}: verify");

            // What stands after the last acknowledged byte is a torn write and is cut: nothing is lost by it.
            var isTail = at == lines.Count - 1 && change is ("twice" or "inserted");
            Assert.Equal(isTail, TryOpen() is null);
        }
    }

    [Fact, Trait("invariant", "I9")]
    public async Task A_tail_that_was_cut_together_with_the_head_is_found_by_the_anchor()
    {
        Rewrite(LinesOf(_journal)[..^1]);
        Assert.Equal(0, (await _books.VerifyAsync()).Code); // nothing within the folder can tell
        await AssertHeldAsync("rolled back");
    }

    [Fact, Trait("invariant", "I9")]
    public async Task A_journal_that_was_chained_anew_after_a_change_is_found_by_the_anchor()
    {
        var lines = LinesOf(_journal);
        var settled = lines.FindIndex(line => line.Contains("\"type\":\"settled\"", StringComparison.Ordinal));
        lines[settled] = lines[settled].Replace("0xabc", "0xabd", StringComparison.Ordinal);
        Chain(lines, settled + 1);
        Rewrite(lines);
        await AssertHeldAsync("is not the one that the anchor has seen");
    }

    [Fact, Trait("invariant", "I9")]
    public async Task A_restored_old_copy_is_found_by_the_anchor()
    {
        using var yesterday = _books.Copy();
        await using (var proxy = await ProxyProcess.StartAsync(_books))
        {
            Assert.Equal(200, (await proxy.AskAsync(_seller.Url("/paid/2"))).Status);
            await proxy.StopAsync();
        }

        foreach (var file in Directory.GetFiles(_books.LedgerFolder))
        {
            File.Delete(file);
        }

        foreach (var file in Directory.GetFiles(yesterday.LedgerFolder))
        {
            File.Copy(file, Path.Combine(_books.LedgerFolder, Path.GetFileName(file)));
        }

        await AssertHeldAsync("rolled back");
    }

    private async Task AssertHeldAsync(string why)
    {
        var known = _seller.Nonces.Count;
        await using var proxy = await ProxyProcess.StartAsync(_books);
        Assert.Equal("frozen", (await proxy.AskAsync(_seller.Url("/paid/held"))).Reason);
        Assert.Contains(why, await proxy.HealthAsync(), StringComparison.Ordinal);
        Assert.Equal(known, _seller.Nonces.Count);
    }

    // Why the ledger does not open, or null.
    private string? TryOpen()
    {
        try
        {
            using var right = FolderLock.Acquire(_books.Data.Path);
            LedgerHost.Open(right, TimeProvider.System, new SeededRandom(1)).DisposeAsync().AsTask().GetAwaiter().GetResult();
            return null;
        }
        catch (LedgerUnavailableException e)
        {
            return e.Message;
        }
    }

    private static List<string> Changed(List<string> lines, string change, int at)
    {
        switch (change)
        {
            case "removed":
                lines.RemoveAt(at);
                break;
            case "twice":
                lines.Insert(at, lines[at]);
                break;
            case "swapped":
                (lines[at], lines[at + 1]) = (lines[at + 1], lines[at]);
                break;
            case "cut after":
                lines.RemoveRange(at + 1, lines.Count - at - 1);
                break;
            case "inserted":
                lines.Insert(at + 1, "{}");
                break;
            case "emptied":
                lines[at] = "";
                break;
        }

        return lines;
    }

    // As somebody does who knows the format: every later line commits to the one before it as it is now.
    private static void Chain(List<string> lines, int from)
    {
        for (var at = from; at < lines.Count; at++)
        {
            var start = lines[at].IndexOf("\"prev\":\"", StringComparison.Ordinal) + "\"prev\":\"".Length;
            lines[at] = lines[at][..start] + HashOf(lines[at - 1]) + lines[at][(start + 64)..];
        }
    }

    private void Rewrite(List<string> lines)
    {
        var bytes = Join(lines);
        Assert.True(Bytes32.TryParse("0x" + HashOf(lines[^1]), out var hash));
        File.WriteAllBytes(Journal, bytes);
        File.WriteAllBytes(Head, new JournalHead(lines.Count, hash, bytes.Length).ToFile());
    }

    private static string HashOf(string line) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(line)));

    private static List<string> LinesOf(byte[] journal) => [.. Encoding.UTF8.GetString(journal).Split('\n')[..^1]];

    private static byte[] Join(List<string> lines) => Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n")));
}
