using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;
using SmartProxy.Ledger;
using SmartProxy.Storage;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Storage;

/// <summary>
/// Journals of every release are kept in <c>tests/vectors/journals</c> and must be read for ever. What is newer than this version is refused by name,
/// and never skipped.
/// </summary>
public sealed partial class JournalVectorTests : IDisposable
{
    private static readonly string Vectors = Repository.PathOf("tests", "vectors", "journals");
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Releases => [.. Directory.GetDirectories(Vectors).Select(path => Path.GetFileName(path)!)];

    [Theory, MemberData(nameof(Releases))]
    public async Task The_journal_of_every_release_is_verified_and_opened(string release)
    {
        Copy(release);
        Assert.Null(LedgerVerify.Check(_folder.Path, _ => { }).Problem);
        var before = StoredJournal.Read(_folder.Path);
        await using var ledger = await OpenLedger.OpenAsync(_folder.Path, now: new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero));
        Assert.Equal(before, StoredJournal.Read(_folder.Path)[..before.Length]);
    }

    [Fact]
    public void The_journal_of_this_version_holds_every_type_and_is_written_as_it_was()
    {
        Copy("v1");
        var documented = DocumentedType().Matches(File.ReadAllText(Repository.PathOf("docs", "journal.md"))).Select(match => match.Groups[1].Value);
        var text = Encoding.UTF8.GetString(StoredJournal.Read(_folder.Path));
        Assert.Equal(documented.Order(), WrittenType().Matches(text).Select(match => match.Groups[1].Value).Distinct().Order());
        Assert.Equal(text, Encoding.UTF8.GetString(WrittenAgain()));
        Assert.True(JournalFiles.Segments(_folder.Path).Count > 1);
    }

    [Theory]
    [InlineData("\"v\":1", "\"v\":2", "line version 2: written by a newer version")]
    [InlineData("\"type\":\"sent\"", "\"type\":\"teleported\"", "line type `teleported`: written by a newer version")]
    public async Task What_is_newer_is_refused_by_name(string from, string to, string expected)
    {
        Copy("v1");
        var last = JournalFiles.Segments(_folder.Path)[^1];
        var line = Encoding.UTF8.GetString(StoredJournal.Read(_folder.Path)).Split('\n').First(text => text.Contains(from, StringComparison.Ordinal));
        await File.AppendAllTextAsync(last, line.Replace(from, to, StringComparison.Ordinal) + "\n", TestContext.Current.CancellationToken);

        Assert.Contains(expected, LedgerVerify.Check(_folder.Path, _ => { }).Problem, StringComparison.Ordinal);
        var refused = await Assert.ThrowsAsync<LedgerUnavailableException>(() => OpenLedger.OpenAsync(_folder.Path));
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
        Assert.Null(LedgerRepair.Explain(_folder.Path).CutAt);
    }

    private void Copy(string release)
    {
        Directory.CreateDirectory(JournalFiles.FolderIn(_folder.Path));
        foreach (var file in Directory.GetFiles(Path.Combine(Vectors, release)))
        {
            File.Copy(file, Path.Combine(JournalFiles.FolderIn(_folder.Path), Path.GetFileName(file)));
        }
    }

    private byte[] WrittenAgain()
    {
        var (output, writer) = (new ArrayBufferWriter<byte>(), new JournalWriter(0, default));
        JournalScan.Read(_folder.Path, line => writer.Append(line.Entry, line.At, output));
        return output.WrittenSpan.ToArray();
    }

    [GeneratedRegex(@"^\| \*\*`([a-z_]+)`\*\* \|", RegexOptions.Multiline)]
    private static partial Regex DocumentedType();

    [GeneratedRegex("\"at\":\"[^\"]+\",\"type\":\"([a-z_]+)\"")]
    private static partial Regex WrittenType();
}
