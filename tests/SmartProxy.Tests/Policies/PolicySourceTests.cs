using System.Text;
using SmartProxy.Policies;
using SmartProxy.Policy;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Policies;

/// <summary>What is read as a policy, and what is not read at all.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class PolicySourceTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Path => _folder.File("policies.json");

    [Fact]
    public async Task A_pipe_is_refused_without_waiting_for_a_writer()
    {
        SystemCalls.MakePipe(Path);

        var trouble = await Task.Run(() => Trouble(Path)).WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);

        Assert.Contains("expected a regular file", trouble, StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_is_refused() => Assert.NotEmpty(Trouble("/dev/zero"));

    /// <summary>Devices and files of the kernel say that they are empty, and give.</summary>
    [Fact]
    public void A_file_that_gives_more_than_it_says_is_given_up_at_the_limit()
    {
        const string grows = "/proc/self/maps";
        Assert.SkipUnless(OperatingSystem.IsLinux(), "there is no such file");

        Assert.NotEmpty(PolicyDisk.Read(PolicyDisk.Open(grows), PolicyText.MaxBytes));
        Assert.Contains("found `", Assert.Throws<PolicyFileException>(() => PolicyDisk.Read(PolicyDisk.Open(grows), 10)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a loop of links")]
    [InlineData("a link to nowhere")]
    [InlineData("nothing")]
    public void What_leads_nowhere_is_refused(string what)
    {
        switch (what)
        {
            case "a loop of links":
                File.CreateSymbolicLink(Path, _folder.File("b"));
                File.CreateSymbolicLink(_folder.File("b"), Path);
                break;
            case "a link to nowhere":
                File.CreateSymbolicLink(Path, _folder.File("gone"));
                break;
        }

        Assert.Contains("policy file, found", Trouble(Path), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_100_MB_is_refused_without_reading_it()
    {
        using (var huge = new FileStream(Path, FileMode.CreateNew))
        {
            huge.SetLength(100_000_000);
        }

        Trouble(Path);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("expected at most 4 MiB, found `100000000` bytes", Trouble(Path), StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000);
    }

    [Fact]
    public void A_file_that_may_not_be_read_is_refused()
    {
        // Permission bits don't stop the superuser, so the refusal is played.
        File.WriteAllText(Path, "{}");
        var source = new PolicySource(Path, _ => throw new UnauthorizedAccessException("Access to the path is denied."));

        Assert.Equal("expected a readable policy file, found: Access to the path is denied.", source.ReadSettled().Problem!.Message);
        Assert.True(source.MayHaveChanged());
    }

    [Fact]
    public void A_reading_that_fails_once_is_tried_again()
    {
        File.WriteAllText(Path, "{}");
        var readings = 0;
        var source = new PolicySource(Path, path => readings++ == 0 ? throw new IOException("swapped away") : PolicyDisk.Open(path));

        Assert.NotNull(source.ReadSettled().Text);
    }

    [Fact]
    public void What_reads_differently_every_time_is_refused()
    {
        var source = new PolicySource(Path, path =>
        {
            File.AppendAllText(path, "x");
            return PolicyDisk.Open(path);
        });
        File.WriteAllText(Path, "{}");

        Assert.Contains("holds still", source.ReadSettled().Problem!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_everyone_may_write_is_refused()
    {
        File.WriteAllText(Path, "{}");
        File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.OtherWrite);
        Assert.Contains("chmod o-w", Trouble(Path), StringComparison.Ordinal);

        var folder = Directory.CreateDirectory(_folder.File("d")).FullName;
        File.WriteAllText(System.IO.Path.Combine(folder, "a.json"), "{}");
        Assert.NotNull(new PolicySource(folder).ReadSettled().Text);
        File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherWrite);
        Assert.Contains("expected a folder that only its owner and group may write", Trouble(folder), StringComparison.Ordinal);
    }

    [Fact]
    public void Nul_bytes_are_no_policy()
    {
        File.WriteAllBytes(Path, new byte[4096]);
        Assert.NotEmpty(PolicyReading.Load(Path, Protocol.AssetRegistry.Default).Problems);

        // What a file system leaves after a crash: the right length, and the end never written.
        File.WriteAllText(Path, PolicyFileTests.Limited("1.00")[..^20] + new string('\0', 20));
        Assert.NotEmpty(PolicyReading.Load(Path, Protocol.AssetRegistry.Default).Problems);
    }

    [Fact]
    public void A_folder_is_its_json_files_in_the_order_of_their_names()
    {
        foreach (var name in (string[])["b.json", "B.json", "a.json", "10.json", "9.json", "a.json~", ".a.json.swp", ".hidden.json", "#a.json#", "a.json.bak", "notes.txt", "x.JSON"])
        {
            File.WriteAllText(_folder.File(name), name);
        }

        Directory.CreateDirectory(_folder.File("sub.json"));
        Directory.CreateDirectory(_folder.File("sub"));
        File.WriteAllText(_folder.File("sub/c.json"), "");

        var text = new PolicySource(_folder.Path).ReadSettled().Text!;

        Assert.True(text.IsFolder);
        Assert.Equal(["10.json", "9.json", "B.json", "a.json", "b.json"], text.Parts.Select(part => part.Name));
        Assert.All(text.Parts, part => Assert.Equal(part.Name, Encoding.UTF8.GetString(part.Bytes.Span)));
    }

    /// <summary>The link is swapped between the two files, and back before the next reading: both readings would agree on a mix.</summary>
    [Fact]
    public void Files_behind_one_link_are_of_one_version()
    {
        var data = _folder.File("..data");
        foreach (var version in (string[])["1", "2"])
        {
            Directory.CreateDirectory(_folder.File("..v" + version));
            File.WriteAllText(_folder.File($"..v{version}/a.json"), version);
            File.WriteAllText(_folder.File($"..v{version}/b.json"), version);
        }

        Directory.CreateSymbolicLink(data, "..v1");
        File.CreateSymbolicLink(_folder.File("a.json"), "..data/a.json");
        File.CreateSymbolicLink(_folder.File("b.json"), "..data/b.json");
        var source = new PolicySource(_folder.Path, path =>
        {
            SystemCalls.SwapLink(data, path.EndsWith("b.json", StringComparison.Ordinal) ? "..v2" : "..v1");
            return PolicyDisk.Open(path);
        });

        var parts = source.ReadSettled().Text!.Parts;
        Assert.Single(parts.Select(part => Encoding.UTF8.GetString(part.Bytes.Span)).Distinct());
    }

    [Theory]
    [InlineData("a dangling link", "`x.json`: No such file")]
    [InlineData("a pipe", "`x.json`: expected a regular file")]
    [InlineData("a file that everyone may write", "`x.json`: expected a file that only its owner and group may write")]
    [InlineData("a name with a line feed", "expected file names without control characters")]
    [InlineData("too many files", "expected at most 256 policy files `*.json` in the folder, found `257`")]
    [InlineData("too many bytes", "`x.json`: expected at most 4 MiB")]
    [InlineData("a file that may not be read", "`secret.json`: Access denied")]
    public void One_file_that_can_not_be_read_spoils_the_folder(string what, string message)
    {
        File.WriteAllText(_folder.File("a.json"), "{}");
        var x = _folder.File("x.json");
        switch (what)
        {
            case "a dangling link":
                File.CreateSymbolicLink(x, "nowhere");
                break;
            case "a pipe":
                SystemCalls.MakePipe(x);
                break;
            case "a file that everyone may write":
                File.WriteAllText(x, "{}");
                File.SetUnixFileMode(x, UnixFileMode.UserRead | UnixFileMode.OtherWrite);
                break;
            case "a name with a line feed":
                File.WriteAllText(_folder.File("x\n.json"), "{}");
                break;
            case "too many files":
                Enumerable.Range(0, 256).ToList().ForEach(i => File.WriteAllText(_folder.File($"{i}.json"), "{}"));
                break;
            case "too many bytes":
                File.WriteAllText(_folder.File("w.json"), new string(' ', 3 * 1024 * 1024));
                File.WriteAllText(x, new string(' ', 1024 * 1024));
                break;
            default:
                File.WriteAllText(_folder.File("secret.json"), "{}");
                break;
        }

        var source = new PolicySource(_folder.Path, path => path.EndsWith("secret.json", StringComparison.Ordinal) ? throw new UnauthorizedAccessException("Access denied") : PolicyDisk.Open(path));
        Assert.Contains(message, source.ReadSettled().Problem!.Message, StringComparison.Ordinal);
    }

    private static string Trouble(string path)
    {
        var (text, problem) = new PolicySource(path).ReadSettled();
        Assert.Null(text);
        return problem!.Message;
    }
}
