using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using SmartProxy.Policies;
using SmartProxy.Policy;
using SmartProxy.Protocol;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Policies;

/// <summary>
/// A writer tears the policy a thousand times a second while two threads judge as fast as they can: every decision is that of one whole version.
/// With <c>SMARTPROXY_LONG=1</c> for minutes.
/// </summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class TornWriterTests : IDisposable
{
    private const int Judges = 2;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(1);
    private static readonly int Saves = Environment.GetEnvironmentVariable("SMARTPROXY_LONG") == "1" ? 120_000 : 1_500;

    private readonly TempFolder _home = new();
    private readonly List<PolicyFile> _opened = [];

    public void Dispose()
    {
        _opened.ForEach(file => file.Dispose());
        _home.Dispose();
    }

    /// <summary>Random beginnings, written over the file in place, and now and then a whole text, in place or renamed over.</summary>
    [Fact]
    public async Task Every_decision_under_a_torn_file_is_that_of_one_whole_version()
    {
        var path = _home.File("policies.json");
        byte[][] texts = [.. ((string[])["1.00", "5.00", "7.00"]).Select((limit, i) => Encoding.UTF8.GetBytes(PolicyFileTests.Limited(limit, padding: 20_000 * i)))];
        await File.WriteAllBytesAsync(path, texts[0], Cancelled);
        var versions = texts.ToDictionary(text => PolicyLoader.Load(text, "p", AssetRegistry.Default).Policy!.Hash, text => LimitOf(Encoding.UTF8.GetString(text)));

        await RunAsync(path, versions, random =>
        {
            var text = texts[random.Next(texts.Length)];
            var cut = random.Next(4) == 0 ? text.Length : random.Next(text.Length);
            if (random.Next(2) == 0)
            {
                File.WriteAllBytes(path + "~", text[..cut]);
                File.Move(path + "~", path, overwrite: true);
                return;
            }

            using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            file.Write(text, 0, cut / 2);
            file.Write(text, cut / 2, cut - (cut / 2));
        });
    }

    /// <summary>Four files of one folder are swapped together by one link: never two files of one version beside two of another.</summary>
    [Fact]
    public async Task Every_decision_under_a_swapped_folder_is_that_of_one_whole_version()
    {
        var folder = Directory.CreateDirectory(_home.File("policies.d")).FullName;
        string[] limits = ["1.00", "5.00", "7.00"];
        var versions = new Dictionary<Bytes32, string>();
        foreach (var limit in limits)
        {
            var version = Directory.CreateDirectory(Path.Combine(folder, ".." + limit)).FullName;
            File.WriteAllText(Path.Combine(version, "a.json"), """{ "networks": ["base-sepolia"], "organization": { "limits": { "payment": "LIMIT" } } }""".Replace("LIMIT", limit, StringComparison.Ordinal));
            File.WriteAllText(Path.Combine(version, "b.json"), """{ "groups": { "g": { "limits": { "payment": "LIMIT" } } } }""".Replace("LIMIT", limit, StringComparison.Ordinal));
            File.WriteAllText(Path.Combine(version, "c.json"), """{ "policies": { "p": { "group": "g", "allow": ["*"], "limits": { "payment": "LIMIT" } } } }""".Replace("LIMIT", limit, StringComparison.Ordinal));
            File.WriteAllText(Path.Combine(version, "d.json"), """{ "agents": { "me": { "policy": "p", "limits": { "payment": "LIMIT" } } } }""".Replace("LIMIT", limit, StringComparison.Ordinal));
            var text = PolicyText.OfFolder("d", Directory.GetFiles(version).Select(file => new PolicyPart(Path.GetFileName(file), File.ReadAllBytes(file))));
            versions.Add(PolicyLoader.Load(text, AssetRegistry.Default).Policy!.Hash, limit);
        }

        var data = Path.Combine(folder, "..data");
        Directory.CreateSymbolicLink(data, ".." + limits[0]);
        foreach (var name in (string[])["a.json", "b.json", "c.json", "d.json"])
        {
            File.CreateSymbolicLink(Path.Combine(folder, name), Path.Combine("..data", name));
        }

        await RunAsync(folder, versions, random => SystemCalls.SwapLink(data, ".." + limits[random.Next(limits.Length)]));
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private async Task RunAsync(string path, Dictionary<Bytes32, string> versions, Action<Random> save)
    {
        var activated = new HashSet<Bytes32>();
        var file = new PolicyFile(
            path,
            AssetRegistry.Default,
            (policy, _) =>
            {
                activated.Add(policy.Hash);
                return ValueTask.CompletedTask;
            },
            TimeProvider.System,
            NullLogger<PolicyFile>.Instance);
        _opened.Add(file);
        await file.StartAsync(Cancelled);

        using var done = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var judging = Enumerable.Range(0, Judges).Select(_ => Task.Factory.StartNew(() => Judge(file, versions, done.Token), TaskCreationOptions.LongRunning)).ToArray();
        var writing = Task.Factory.StartNew(() => Write(save, judging, Cancelled), TaskCreationOptions.LongRunning);
        var reloads = 0;
        while (!writing.IsCompleted)
        {
            await file.ReloadAsync(Cancelled);
            reloads++;
        }

        await writing;
        await done.CancelAsync();
        var judged = await Task.WhenAll(judging);

        Assert.All(judged, count => Assert.NotEqual(0, count));
        Assert.Equal(versions.Keys.ToHashSet(), activated);
        TestContext.Current.SendDiagnosticMessage("{0} saves, {1} reloads, {2} decisions", Saves, reloads, judged.Sum());
    }

    private static void Write(Action<Random> save, Task[] judging, CancellationToken cancellationToken)
    {
        var random = new Random(8402);
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < Saves && !judging.Any(judge => judge.IsFaulted); i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            save(random);
            while (clock.Elapsed < Pace * i)
            {
                Thread.Yield();
            }
        }
    }

    // Over every limit: the refusal names the limit, so the answer tells which version gave it.
    private static long Judge(PolicyFile file, Dictionary<Bytes32, string> versions, CancellationToken done)
    {
        PaymentQuestion[] questions = [PolicyFileTests.Question("9000000"), PolicyFileTests.Question("9000001")];
        var count = 0L;
        for (; !done.IsCancellationRequested; count++)
        {
            var (hash, verdicts) = file.Judge(questions);
            var limit = versions[hash!.Value];
            foreach (var verdict in verdicts)
            {
                Assert.Equal(limit, ((Verdict.Denied)verdict).Limit.ToString());
            }
        }

        return count;
    }

    private static string LimitOf(string text) => text[(text.LastIndexOf("\"payment\": \"", StringComparison.Ordinal) + 12)..][..4];
}
