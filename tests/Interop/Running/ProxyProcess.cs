using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using SmartProxy.TestKit;

namespace SmartProxy.Interop.Tests;

/// <summary>The product as a stranger runs it: its own process, its own data folder, the command line and nothing else.</summary>
internal sealed class ProxyProcess : IAsyncDisposable
{
    private static readonly string Executable = Path.Combine(AppContext.BaseDirectory, "smartproxy.dll");

    private readonly TempFolder _folder = new();
    private readonly HttpClient _admin = new();
    private readonly List<string> _log = [];
    private Process? _process;

    private ProxyProcess()
    {
        var (proxy, admin) = FreePorts();
        Listen = $"127.0.0.1:{proxy}";
        Admin = $"127.0.0.1:{admin}";
    }

    public string Data => _folder.File("data");

    public string Policy => _folder.File("policies.json");

    public string Config => _folder.File("config.json");

    public string Listen { get; }

    public string Admin { get; }

    /// <summary>The account that pays.</summary>
    public string Wallet { get; private set; } = "";

    /// <summary>A path inside the test's folder.</summary>
    public string File(string name) => _folder.File(name);

    /// <summary><c>init</c>, then the test's own policy and settings.</summary>
    public static async Task<ProxyProcess> InitAsync(Laboratory lab, string limits)
    {
        var proxy = new ProxyProcess();
        var made = await proxy.CliAsync("init", "--data", proxy.Data, "--policy", proxy.Policy, "--network", "base-sepolia", "--json");
        proxy.Wallet = JsonNode.Parse(made.Text)!["wallet"]!.GetValue<string>();
        await System.IO.File.WriteAllTextAsync(proxy.Policy, PolicyText(lab, limits));
        await System.IO.File.WriteAllTextAsync(proxy.Config, ConfigText(lab));
        return proxy;
    }

    /// <summary><c>run</c>, until the admin listener says that it is healthy.</summary>
    public async Task StartAsync()
    {
        string[] arguments = [Executable, "run", "--data", Data, "--policy", Policy, "--listen", Listen, "--admin", Admin, "--config", Config];
        _process = Shell.Start("dotnet", arguments, folder: _folder.Path);
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        await UntilHealthyAsync(_process);
    }

    /// <summary>SIGKILL: no goodbye, no flush.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await Shell.WaitAsync(_process);
    }

    /// <summary>SIGTERM: it finishes what is signed and leaves.</summary>
    public async Task StopAsync()
    {
        await Shell.RunAsync("kill", ["-TERM", _process!.Id.ToString(CultureInfo.InvariantCulture)]);
        await Shell.WaitAsync(_process);
    }

    /// <summary>A command of the product.</summary>
    public Task<Finished> CliAsync(params string[] arguments) => Shell.RunAsync("dotnet", [Executable, .. arguments], folder: _folder.Path);

    /// <summary>The variables that <c>smartproxy env</c> prints for a shell, as that shell understands them.</summary>
    public async Task<IReadOnlyDictionary<string, string>> EnvironmentAsync(string agent = "me")
    {
        var lines = (await CliAsync("env", agent, "--data", Data)).Text;
        var path = new Dictionary<string, string> { ["PATH"] = Environment.GetEnvironmentVariable("PATH")! };
        var shell = await Shell.RunAsync("env", ["-i", $"PATH={path["PATH"]}", "sh", "-c", "eval \"$(cat)\"; env -0"], input: lines);
        return shell.Text.Split('\0', StringSplitOptions.RemoveEmptyEntries)
            .Select(pair => pair.Split('=', 2))
            .Where(pair => pair[0] is not ("PWD" or "OLDPWD" or "SHLVL" or "_" or "PATH"))
            .ToDictionary(pair => pair[0], pair => pair[1]);
    }

    /// <summary><c>ledger export</c>, line by line, of a stopped proxy.</summary>
    public async Task<JsonElement[]> ExportAsync()
    {
        var export = (await CliAsync("ledger", "export", "--data", Data)).Text;
        return [.. export.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }

    /// <summary>The journal's whole lines as they lie on disk, of a proxy in any state.</summary>
    public JsonElement[] ReadJournal()
    {
        var segments = Directory.GetFiles(Path.Combine(Data, "ledger"), "journal-*.jsonl").Order(StringComparer.Ordinal);
        return [.. segments.SelectMany(WholeLines).Select(line => JsonDocument.Parse(line).RootElement)];
    }

    private static string[] WholeLines(string segment)
    {
        using var file = new FileStream(segment, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var text = new StreamReader(file).ReadToEnd();
        return text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>What the process said, for the message of a failing test.</summary>
    public string Log()
    {
        lock (_log)
        {
            return string.Join('\n', _log);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        if (TestContext.Current.TestState?.Result == TestResult.Failed)
        {
            TestContext.Current.TestOutputHelper?.WriteLine(Log());
        }

        _process?.Dispose();
        _admin.Dispose();
        _folder.Dispose();
    }

    private void Keep(string? line)
    {
        lock (_log)
        {
            _log.Add(line ?? "");
        }
    }

    private async Task UntilHealthyAsync(Process process)
    {
        using var again = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        var start = TimeProvider.System.GetTimestamp();
        var last = "no answer";
        while (!process.HasExited && TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromSeconds(60))
        {
            try
            {
                using var answer = await _admin.GetAsync($"http://{Admin}/healthz", TestContext.Current.CancellationToken);
                last = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
                if (answer.StatusCode == HttpStatusCode.OK)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            await again.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }

        var end = process.HasExited ? $"exit code {process.ExitCode}" : "60 s passed";
        throw new InvalidOperationException($"the proxy did not become healthy: {end}; /healthz: {last}\n{Log()}");
    }

    private static string PolicyText(Laboratory lab, string limits) => $$"""
        {
          "networks": ["base-sepolia"],
          "merchants": { "lab": { "hosts": [{{string.Join(", ", lab.Hosts.Select(host => $"\"{host}\""))}}], "allowCleartext": true } },
          "agents": { "me": { "allow": ["lab"], "limits": { {{limits}} } } }
        }
        """;

    private static string ConfigText(Laboratory lab) => new JsonObject
    {
        ["SmartProxy"] = new JsonObject
        {
            ["Egress"] = new JsonObject { ["Allow"] = new JsonArray([.. lab.Hosts.Select(host => (JsonNode)host)]) },
            ["Upstream"] = new JsonObject { ["ExtraCaFile"] = lab.CaFile },
            ["Networks"] = new JsonObject
            {
                ["eip155:84532"] = new JsonObject { ["Rpc"] = new JsonArray(lab.Rpc), ["Confirmations"] = 1 },
            },
        },
    }.ToJsonString();

    /// <summary>
    /// Two free ports below the range that the system hands to outgoing connections: a port is kept over restarts, and none of those
    /// connections may take it meanwhile.
    /// </summary>
    private static (int Proxy, int Admin) FreePorts()
    {
        while (true)
        {
            var port = RandomNumberGenerator.GetInt32(10_000, 15_000) * 2;
            try
            {
                using var first = new TcpListener(IPAddress.Loopback, port);
                using var second = new TcpListener(IPAddress.Loopback, port + 1);
                first.Start();
                second.Start();
                return (port, port + 1);
            }
            catch (SocketException)
            {
                // Somebody has one of them.
            }
        }
    }
}
