using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Microsoft.Win32.SafeHandles;
using SmartProxy.Policies;
using SmartProxy.Protocol;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Policies;

/// <summary>Each way that an editor or an orchestrator saves a file, or a folder of them, is noticed; what says the same changes nothing.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class PolicyFileWatcherTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TempFolder _home = new();

    public void Dispose() => _home.Dispose();

    public static TheoryData<string, string> Styles =>
        [.. SaveStyle.OfFiles.Select(style => ("file", style)), .. SaveStyle.OfFolders.Select(style => ("folder", style))];

    [Theory, MemberData(nameof(Styles))]
    public async Task Every_style_of_saving_comes_into_force(string kind, string style)
    {
        SaveStyle.Prepare(_home, kind, style, SaveStyle.Text(kind, "1.00"));
        using var file = await StartedAsync(kind, TimeProvider.System);
        var before = file.Hash;
        var changed = Changed(file);
        using var watcher = new PolicyFileWatcher(file, TimeProvider.System, NullLogger<PolicyFileWatcher>.Instance);
        await watcher.StartAsync(Cancelled);

        SaveStyle.Save(_home, kind, style, SaveStyle.Text(kind, "5.00"));
        await changed.WaitAsync(Patience, Cancelled);

        Assert.NotEqual(before, file.Hash);
        Assert.Equal(before, Assert.Single(_activated[..1]));
        Assert.Equal(2, _activated.Count);
        Assert.Empty(file.Health.Problems);
        await watcher.StopAsync(Cancelled);
    }

    /// <summary>The same table where no folder ever says that it stirred: only looking finds out.</summary>
    [Theory, MemberData(nameof(Styles))]
    public async Task Every_style_of_saving_is_found_by_looking_every_two_seconds(string kind, string style)
    {
        SaveStyle.Prepare(_home, kind, style, SaveStyle.Text(kind, "1.00"));
        var time = new FakeTimeProvider();
        using var file = await StartedAsync(kind, time);
        var before = file.Hash;
        var changed = Changed(file);
        using var watcher = new PolicyFileWatcher(file, time, NullLogger<PolicyFileWatcher>.Instance, _ => throw new IOException("no more watchers"));
        await watcher.StartAsync(Cancelled);

        SaveStyle.Save(_home, kind, style, SaveStyle.Text(kind, "5.00"));
        await LookUntilAsync(time, () => changed.IsCompleted);

        Assert.NotEqual(before, file.Hash);
        await watcher.StopAsync(Cancelled);
    }

    [Theory, InlineData("file"), InlineData("folder")]
    public async Task A_touch_without_a_change_activates_nothing(string kind)
    {
        SaveStyle.Prepare(_home, kind, "rename over", SaveStyle.Text(kind, "1.00"));
        using var file = await StartedAsync(kind, TimeProvider.System);
        var touched = kind == "file" ? _home.File("policies.json") : Path.Combine(_home.File("policies.d"), "me.json");

        File.SetLastWriteTimeUtc(touched, DateTime.UnixEpoch);
        SaveStyle.Save(_home, kind, "rename over", SaveStyle.Text(kind, "1.00"));

        Assert.False(file.MayHaveChanged());
        Assert.True(await file.ReloadAsync(Cancelled));
        Assert.Single(_activated);
    }

    /// <summary>A writer that pauses in the middle is waited for: what lies on disk has to stay the same for a while.</summary>
    [Fact]
    public async Task A_save_in_several_steps_is_one_change()
    {
        SaveStyle.Prepare(_home, "file", "rename over", SaveStyle.Text("file", "1.00"));
        var time = new FakeTimeProvider();
        var (steps, lastStep) = (new Queue<string>(["2.00", "3.00", "4.00", "5.00"]), time.GetUtcNow());
        using var file = await StartedAsync("file", time, path =>
        {
            // Each step is a whole policy that lies there for all looks of one moment, and none of the steps between is to decide.
            if (time.GetUtcNow() is var now && now > lastStep && steps.TryDequeue(out var payment))
            {
                lastStep = now;
                SaveStyle.Save(_home, "file", "rename over", SaveStyle.Text("file", payment));
            }

            return PolicyDisk.Open(path);
        });
        var changed = Changed(file);
        using var watcher = new PolicyFileWatcher(file, time, NullLogger<PolicyFileWatcher>.Instance, _ => throw new IOException("no more watchers"));
        await watcher.StartAsync(Cancelled);

        await LookUntilAsync(time, () => changed.IsCompleted);
        Assert.EndsWith("-> 5.00", _changes[^1], StringComparison.Ordinal);
        Assert.Equal(2, _activated.Count);
        await watcher.StopAsync(Cancelled);
    }

    [Fact]
    public async Task What_stirs_behind_a_link_is_found_by_looking()
    {
        // The link points elsewhere, so its own folder never stirs.
        using var elsewhere = new TempFolder();
        var target = elsewhere.File("real.json");
        await File.WriteAllTextAsync(target, PolicyFileTests.Limited("1.00"), Cancelled);
        File.CreateSymbolicLink(_home.File("policies.json"), target);
        var time = new FakeTimeProvider();
        using var file = await StartedAsync("file", time);
        var changed = Changed(file);
        using var watcher = new PolicyFileWatcher(file, time, NullLogger<PolicyFileWatcher>.Instance);
        await watcher.StartAsync(Cancelled);

        await File.WriteAllTextAsync(target, PolicyFileTests.Limited("5.00"), Cancelled);
        await LookUntilAsync(time, () => changed.IsCompleted);
        await watcher.StopAsync(Cancelled);
    }

    private readonly List<Bytes32> _activated = [];
    private readonly List<string> _changes = [];

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private async Task<PolicyFile> StartedAsync(string kind, TimeProvider time, Func<string, SafeFileHandle>? open = null)
    {
        var file = new PolicyFile(
            SaveStyle.PathOf(_home, kind),
            AssetRegistry.Default,
            (policy, change) =>
            {
                _activated.Add(policy.Hash);
                _changes.Add(change);
                return ValueTask.CompletedTask;
            },
            time,
            NullLogger<PolicyFile>.Instance,
            source: new PolicySource(SaveStyle.PathOf(_home, kind), open));
        await file.StartAsync(Cancelled);
        Assert.NotNull(file.Hash);
        return file;
    }

    private static Task Changed(PolicyFile file)
    {
        var changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        file.Changed += () => changed.TrySetResult();
        return changed.Task;
    }

    private static async Task LookUntilAsync(FakeTimeProvider time, Func<bool> done)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!done() && !patience.IsCancellationRequested)
        {
            time.Advance(PolicyFileWatcher.PollInterval);
            await Task.Yield();
        }

        Assert.True(done());
    }
}
