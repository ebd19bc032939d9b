using System.Security.Cryptography;
using SmartProxy.Commands;
using SmartProxy.Hosting;
using SmartProxy.Installation;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.EndToEnd;

/// <summary>An installation to be broken, and the one way in which every refusal looks: one line, a code that is not 0, and nothing changed.</summary>
public abstract class BadInputKit : IAsyncLifetime
{
    private protected TempFolder Folder { get; } = new();

    private protected DataFolder Data => new(Folder.File("data"));

    private protected string Policy => Folder.File("policies.json");

    public async ValueTask InitializeAsync()
    {
        var (code, error) = await CommandAsync("init", "--data", Data.Path, "--policy", Policy, "--network", "base-sepolia", "--json");
        Assert.Equal((0, ""), (code, error));
    }

    public ValueTask DisposeAsync()
    {
        Folder.Dispose();
        return default;
    }

    private protected static void AssertOneLine(int code, string error)
    {
        Assert.NotEqual(0, code);
        var line = Assert.Single(error.TrimEnd('\n').Split('\n'));
        Assert.StartsWith("smartproxy: ", line, StringComparison.Ordinal);
        Assert.DoesNotContain("unexpected", line, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", line, StringComparison.Ordinal);
    }

    private protected static async Task<(int Code, string Error)> CommandAsync(params string[] arguments)
    {
        var error = new StringWriter();
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(TimeSpan.FromSeconds(20)); // a start that is not refused would serve forever
        var code = await CommandLineRoot.RunAsync(arguments, RunningProxy.Seams, TextWriter.Null, error, deadline.Token);
        return (code, error.ToString());
    }

    private protected async Task<string> AssertRefusedAsync(string advice, string name, string[]? more = null, bool mayWriteJournal = false)
    {
        var before = Fingerprint(mayWriteJournal);
        var (code, error) = await CommandAsync(["run", "--data", Data.Path, "--policy", Policy, .. more ?? ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]]);

        AssertOneLine(code, error);
        Assert.Contains(name, error, StringComparison.Ordinal);
        Assert.Contains(advice, error, StringComparison.Ordinal);
        Assert.Equal(before, Fingerprint(mayWriteJournal));
        return error;
    }

    /// <summary>
    /// Every file with its bytes' hash; locks, the index and the reserve of room, which can be made anew, left out, and the journal where a start reaches it.
    /// </summary>
    private protected string Fingerprint(bool withoutBooks = false) => string.Join('\n', Directory.EnumerateFiles(Folder.Path, "*", SearchOption.AllDirectories)
        .Where(file => !Path.GetFileName(file).StartsWith("lock", StringComparison.Ordinal) && file != Path.Combine(Data.Ledger, "reserve"))
        .Where(file => !file.StartsWith(Data.Index[..^3], StringComparison.Ordinal) && (!withoutBooks || !file.StartsWith(Data.Ledger, StringComparison.Ordinal)))
        .Order(StringComparer.Ordinal)
        .Select(file => $"{file} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)))}"));
}
