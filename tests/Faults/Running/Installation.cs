using System.Text.Json.Nodes;
using SmartProxy.Commands;
using SmartProxy.Hosting;
using SmartProxy.Installation;
using SmartProxy.Keys;
using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Storage;
using SmartProxy.TestKit;

namespace SmartProxy.Faults.Tests;

/// <summary>A data folder as <c>init</c> makes it, with a policy and settings for one <see cref="Seller"/>; processes come and go over it.</summary>
internal sealed class Installation : IDisposable
{
    /// <summary>What <see cref="SignatureSink"/>s are called; nothing is dialled by that name.</summary>
    public const string SinkHost = "sink.test";

    private const int CheapScrypt = 2;

    private static readonly CommandSeams Seams = Hosting.Seams.Create() with { KeyFiles = new KeyFiles(new SystemRandomSource(), CheapScrypt) };
    private readonly TempFolder _folder;

    private Installation(TempFolder folder, string token) => (_folder, Token) = (folder, token);

    /// <summary>The token of the agent <c>me</c>.</summary>
    public string Token { get; }

    public DataFolder Data => new(_folder.File("data"));

    public string PolicyFile => _folder.File("policies.json");

    public string ConfigFile => _folder.File("config.json");

    /// <summary>Outside the data folder, as it must be.</summary>
    public string AnchorFile => _folder.File("anchor.json");

    public string LedgerFolder => Path.Combine(Data.Path, "ledger");

    /// <summary>All files that the journal consists of, in their order.</summary>
    public string[] JournalFiles => [.. Directory.GetFiles(LedgerFolder, "journal-*.jsonl").Order(StringComparer.Ordinal)];

    public string AdminToken => File.ReadAllText(Data.AdminToken).Trim();

    /// <summary>A path beside the data folder.</summary>
    public string Beside(string name) => _folder.File(name);

    /// <param name="host">Where the agent may buy, host and port.</param>
    /// <param name="limits">Of the agent, such as <c>"total": "1.00"</c>.</param>
    /// <param name="settings">Changes the settings below <c>SmartProxy</c>.</param>
    /// <param name="zone">The time zone of the policy's days; UTC by default.</param>
    public static async Task<Installation> MakeAsync(string host, string limits, Action<JsonNode>? settings = null, string? zone = null)
    {
        var folder = new TempFolder();
        var made = await Seams.Installer.MakeAsync(new DataFolder(folder.File("data")), folder.File("policies.json"), "base-sepolia");
        var installation = new Installation(folder, made.Token.Reveal());
        installation.WritePolicy(host, limits, zone);
        var config = new JsonObject { ["Egress"] = new JsonObject { ["Allow"] = host.Contains(':', StringComparison.Ordinal) ? new JsonArray(host) : [] } };
        settings?.Invoke(config);
        await File.WriteAllTextAsync(installation.ConfigFile, new JsonObject { ["SmartProxy"] = config }.ToJsonString());
        return installation;
    }

    /// <summary>Replaces the policy file as careful tools do: a file beside it, and a rename.</summary>
    public void WritePolicy(string host, string limits, string? zone = null)
    {
        File.WriteAllText(PolicyFile + ".new", $$"""
            {
              "networks": ["base-sepolia"],
              "timeZone": "{{zone ?? "UTC"}}",
              "merchants": { "shop": { "hosts": "{{host}}", "allowCleartext": true } },
              "agents": { "me": { "allow": ["shop"], "limits": { {{limits}} } } }
            }
            """);
        File.Move(PolicyFile + ".new", PolicyFile, overwrite: true);
    }

    /// <summary>A copy of everything, as it lies on disk.</summary>
    public Installation Copy()
    {
        var copy = new Installation(new TempFolder(), Token);
        Copy(_folder.Path, copy._folder.Path);
        return copy;
    }

    /// <summary>Opens the books once, as a start does, and closes them; whatever a crash left is settled then.</summary>
    public async Task RecoverAsync() => await OfflineBooks.CreateLedgerAsync(Data);

    /// <summary>Makes the journal so long that a few more payments fill a segment of one MiB and complete a frame of the digest.</summary>
    public async Task FillSegmentAsync()
    {
        const int lines = JournalIndex.Stride - 12;
        var freeze = new LedgerEvent.Frozen(new AgentId("somebody"), "test", new string('x', 800));
        using var folder = FolderLock.Acquire(Data.Path);
        await using var ledger = LedgerHost.Open(folder, TimeProvider.System, new SystemRandomSource());
        await Task.WhenAll(Enumerable.Range(0, lines).Select(_ => ledger.RecordAsync(freeze).AsTask()));
    }

    /// <summary>What <c>ledger verify</c> says of a stopped system.</summary>
    public async Task<(int Code, string Said)> VerifyAsync()
    {
        var said = new StringWriter();
        var code = await CommandLineRoot.RunAsync(["ledger", "verify", "--data", Data.Path], Seams, said, said);
        return (code, said.ToString());
    }

    /// <summary>The lines of a stopped system's journal.</summary>
    public IReadOnlyList<JournalLine> Journal()
    {
        var lines = new List<JournalLine>();
        JournalScan.Read(Data.Path, lines.Add);
        return lines;
    }

    public void Dispose() => _folder.Dispose();

    private static void Copy(string from, string to)
    {
        PrivateFile.MakeFolder(to);
        foreach (var folder in Directory.GetDirectories(from))
        {
            Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
        }

        foreach (var file in Directory.GetFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }
}
