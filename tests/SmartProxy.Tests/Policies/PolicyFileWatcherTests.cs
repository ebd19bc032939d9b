using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using SmartProxy.Policies;
using SmartProxy.Protocol;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Policies;

/// <summary>Each way that an editor or an orchestrator saves a file is noticed.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class PolicyFileWatcherTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Path => _folder.File("policies.json");

    public static TheoryData<string> Styles => ["truncate and write", "rename over", "delete and make anew", "swap a link", "swap a folder's link"];

    [Theory, MemberData(nameof(Styles))]
    public async Task Every_style_of_saving_comes_into_force(string style)
    {
        Prepare(style, PolicyFileTests.Limited("1.00"));
        using var file = new PolicyFile(Path, AssetRegistry.Default, (_, _) => ValueTask.CompletedTask, TimeProvider.System, NullLogger<PolicyFile>.Instance);
        await file.StartAsync(TestContext.Current.CancellationToken);
        var before = file.Hash;
        var changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        file.Changed += changed.SetResult;
        using var watcher = new PolicyFileWatcher(file, TimeProvider.System, NullLogger<PolicyFileWatcher>.Instance);
        await watcher.StartAsync(TestContext.Current.CancellationToken);

        Save(style, PolicyFileTests.Limited("5.00"));
        await changed.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);

        Assert.NotEqual(before, file.Hash);
        await watcher.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task What_stirs_unheard_is_found_by_looking_every_two_seconds()
    {
        // The link points elsewhere, so its own folder never stirs.
        using var elsewhere = new TempFolder();
        var target = elsewhere.File("real.json");
        await File.WriteAllTextAsync(target, PolicyFileTests.Limited("1.00"), TestContext.Current.CancellationToken);
        File.CreateSymbolicLink(Path, target);
        var time = new FakeTimeProvider();
        using var file = new PolicyFile(Path, AssetRegistry.Default, (_, _) => ValueTask.CompletedTask, time, NullLogger<PolicyFile>.Instance);
        await file.StartAsync(TestContext.Current.CancellationToken);
        var changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        file.Changed += changed.SetResult;
        using var watcher = new PolicyFileWatcher(file, time, NullLogger<PolicyFileWatcher>.Instance);
        await watcher.StartAsync(TestContext.Current.CancellationToken);

        await File.WriteAllTextAsync(target, PolicyFileTests.Limited("5.00"), TestContext.Current.CancellationToken);
        using var patience = new CancellationTokenSource(Patience);
        while (!changed.Task.IsCompleted && !patience.IsCancellationRequested)
        {
            time.Advance(PolicyFileWatcher.PollInterval);
            await Task.Yield();
        }

        Assert.True(changed.Task.IsCompleted);
        await watcher.StopAsync(TestContext.Current.CancellationToken);
    }

    private void Prepare(string style, string text)
    {
        switch (style)
        {
            case "swap a link":
                File.WriteAllText(_folder.File("v1.json"), text);
                File.CreateSymbolicLink(Path, "v1.json");
                break;
            case "swap a folder's link":
                Directory.CreateDirectory(_folder.File("..v1"));
                File.WriteAllText(System.IO.Path.Combine(_folder.File("..v1"), "policies.json"), text);
                Directory.CreateSymbolicLink(_folder.File("..data"), "..v1");
                File.CreateSymbolicLink(Path, System.IO.Path.Combine("..data", "policies.json"));
                break;
            default:
                File.WriteAllText(Path, text);
                break;
        }
    }

    private void Save(string style, string text)
    {
        switch (style)
        {
            case "truncate and write":
                using (var writer = new StreamWriter(new FileStream(Path, FileMode.Truncate, FileAccess.Write, FileShare.ReadWrite)))
                {
                    writer.Write(text);
                }

                break;
            case "rename over":
                File.WriteAllText(Path + "~", text);
                File.Move(Path + "~", Path, overwrite: true);
                break;
            case "delete and make anew":
                File.Delete(Path);
                File.WriteAllText(Path, text);
                break;
            case "swap a link":
                File.WriteAllText(_folder.File("v2.json"), text);
                File.CreateSymbolicLink(Path + "~", "v2.json");
                File.Move(Path + "~", Path, overwrite: true);
                break;
            case "swap a folder's link":
                Directory.CreateDirectory(_folder.File("..v2"));
                File.WriteAllText(System.IO.Path.Combine(_folder.File("..v2"), "policies.json"), text);
                Directory.CreateSymbolicLink(_folder.File("..data~"), "..v2");
                Directory.Delete(_folder.File("..data"));
                Directory.Move(_folder.File("..data~"), _folder.File("..data"));
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(style));
        }
    }
}
