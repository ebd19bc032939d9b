using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using SmartProxy.Identity;
using SmartProxy.Installation;
using SmartProxy.Protocol;
using SmartProxy.TestKit;
using SmartProxy.Tests.EndToEnd;
using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.Limits;

/// <summary>The product as a process of its own, so that signals, memory and open files are its own: three agents, one seller that may be paid over http.</summary>
internal sealed class ProxyProcess : IAsyncDisposable
{
    private readonly TempFolder _folder = new();
    private readonly Dictionary<string, string> _tokens = [];
    private readonly System.Text.StringBuilder _log = new();
    private Process _process = null!;

    public DataFolder Data => new(_folder.File("data"));

    public Uri Address { get; private set; } = null!;

    private X509Certificate2 Authority => field ??= X509CertificateLoader.LoadCertificateFromFile(Data.CaCertificate);

    public int ExitCode => _process.ExitCode;

    /// <summary>Memory that the process really holds, in bytes.</summary>
    public long MemoryBytes => Status("VmRSS") * 1024;

    /// <summary>The most that it held since <see cref="ForgetPeak"/>, in bytes.</summary>
    public long PeakBytes => Status("VmHWM") * 1024;

    /// <param name="seller">The authority that may be paid, and reached without TLS.</param>
    /// <param name="settings">By their names below <c>SmartProxy:</c>.</param>
    /// <param name="others">Authorities that the attackers reach.</param>
    /// <param name="openFiles">What <c>ulimit -n</c> says; null leaves it.</param>
    /// <param name="environment">Variables besides those of the test.</param>
    /// <param name="program">The program as one file; null for the one that was built with the tests.</param>
    public static async Task<ProxyProcess> StartAsync(
        string seller,
        Dictionary<string, object> settings,
        IEnumerable<string>? others = null,
        int? openFiles = null,
        IReadOnlyDictionary<string, string>? environment = null,
        string? program = null)
    {
        var proxy = new ProxyProcess();
        var made = await RunningProxy.Seams.Installer.MakeAsync(proxy.Data, proxy._folder.File("policies.json"), "base-sepolia");
        proxy._tokens["me"] = made.Token.Reveal();
        foreach (var agent in new[] { "you", "them" })
        {
            proxy._tokens[agent] = new CredentialEditor(new CredentialFile(proxy.Data.Credentials), TimeProvider.System, new SystemRandomSource()).Add(new AgentId(agent)).Reveal();
        }

        await File.WriteAllTextAsync(proxy._folder.File("policies.json"), $$"""
            { "networks": ["base-sepolia"],
              "merchants": { "shop": { "hosts": ["{{seller}}"], "recipients": "any", "allowCleartext": true },
                             "others": { "hosts": {{JsonSerializer.Serialize(others ?? ["others.test"])}}, "recipients": "any" } },
              "agents": { "me": { "allow": ["*"], "limits": { "day": "100.00" } }, "them": { "allow": ["*"], "limits": { "day": "100.00" } }, "you": { "allow": ["shop"], "limits": { "day": "100.00" } } } }
            """);
        await File.WriteAllTextAsync(proxy._folder.File("origins.pem"), OriginCertificates.RootPem);
        settings["Egress:Allow"] = new[] { "127.0.0.0/8" };
        settings["Upstream:ExtraCaFile"] = "origins.pem";
        await File.WriteAllTextAsync(proxy._folder.File("settings.json"), Nest(settings));
        await proxy.RunAsync(program is null ? ["dotnet", Path.Combine(AppContext.BaseDirectory, "smartproxy.dll")] : [program], openFiles, environment ?? new Dictionary<string, string>());
        return proxy;
    }

    public Task<RawClient> ConnectAsync() => RawClient.ConnectAsync(Address.Port, TestContext.Current.CancellationToken);

    public string CredentialsOf(string agent) => "Basic " + Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes($"{agent}:{_tokens[agent]}"));

    /// <summary>An agent's client; each request on a connection of its own where <paramref name="isFresh"/>.</summary>
    public HttpClient As(string agent, bool isFresh = false) =>
        new(new SocketsHttpHandler
        {
            Proxy = new WebProxy(Address) { Credentials = new NetworkCredential(agent, _tokens[agent]) },
            PooledConnectionLifetime = isFresh ? TimeSpan.Zero : Timeout.InfiniteTimeSpan,
            SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, _) => ProxyFixture.Believes(Authority, certificate) },
        })
        {
            DefaultRequestHeaders = { { "Proxy-Authorization", CredentialsOf(agent) } },
        };

    /// <summary>From now on <see cref="PeakBytes"/> counts anew (proc(5), <c>clear_refs</c>). Returns what is held now.</summary>
    public long ForgetPeak()
    {
        File.WriteAllText($"/proc/{_process.Id}/clear_refs", "5");
        return MemoryBytes;
    }

    public void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    /// <summary>Waits until nobody is accepted any more.</summary>
    public async Task UntilItAcceptsNobodyAsync()
    {
        while (true)
        {
            try
            {
                (await ConnectAsync()).Dispose();
                await Task.Delay(10, TestContext.Current.CancellationToken);
            }
            catch (SocketException)
            {
                return;
            }
        }
    }

    public Task EndedAsync() => _process.WaitForExitAsync(TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        var hasDied = _process.HasExited && ExitCode != 0;
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        if (hasDied || TestContext.Current.TestState?.Result == TestResult.Failed)
        {
            TestContext.Current.TestOutputHelper?.WriteLine(_log.ToString());
        }

        _process.Dispose();
        _folder.Dispose();
    }

    private async Task RunAsync(string[] program, int? openFiles, IReadOnlyDictionary<string, string> environment)
    {
        var limit = openFiles is { } files ? string.Create(CultureInfo.InvariantCulture, $"ulimit -n {files}; ") : "";
        string[] arguments =
        [
            "-c", limit + "exec \"$@\"", "sh", .. program, "run", "--data", Data.Path, "--policy",
            _folder.File("policies.json"), "--config", _folder.File("settings.json"), "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
        ];
        var start = new ProcessStartInfo("bash", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        environment.ToList().ForEach(variable => start.Environment[variable.Key] = variable.Value);
        _process = Process.Start(start)!;
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginErrorReadLine();
        var said = await _process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        if (said is null)
        {
            await EndedAsync();
            await DisposeAsync();
            throw new InvalidOperationException("it did not start: " + _log);
        }

        Address = new Uri(said.Split(' ')[1]);
        _ = _process.StandardOutput.ReadToEndAsync();
    }

    private void Keep(string? line)
    {
        lock (_log)
        {
            _log.AppendLine(line);
        }
    }

    private long Status(string name)
    {
        var line = File.ReadLines($"/proc/{_process.Id}/status").First(line => line.StartsWith(name + ":", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture);
    }

    private static string Nest(Dictionary<string, object> settings)
    {
        var sections = settings.GroupBy(setting => setting.Key.Split(':')[0]).ToDictionary(group => group.Key, group => group.ToDictionary(setting => setting.Key.Split(':')[1], setting => setting.Value));
        return JsonSerializer.Serialize(new Dictionary<string, object> { ["SmartProxy"] = sections });
    }
}
