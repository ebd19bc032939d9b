using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using SmartProxy.Installation;

namespace SmartProxy.Faults.Tests;

/// <summary>What came of one request of the agent.</summary>
/// <param name="Status">0 when the connection ended before an answer.</param>
/// <param name="Reason">The stable word of a refusal, or null.</param>
/// <param name="Receipt">The id of the receipt that the answer named, or null.</param>
internal sealed record Answer(int Status, string? Reason, string? Receipt)
{
    public static readonly Answer None = new(0, null, null);
}

/// <summary>The product in a process of its own, started to be harmed.</summary>
internal sealed class ProxyProcess : IAsyncDisposable
{
    /// <summary>What the exit code of a process says that SIGKILL ended.</summary>
    public const int Killed = 137;

    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "smartproxy.dll");
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _said = new();
    private readonly TaskCompletionSource<(Uri Proxy, Uri Admin)?> _listens = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string _adminToken;
    private HttpClient? _agent;
    private HttpClient? _operator;

    private ProxyProcess(Process process, string adminToken) => (_process, _adminToken) = (process, adminToken);

    /// <summary>Ends when the process has.</summary>
    public Task<int> Ended => EndAsync();

    public bool HasExited => _process.HasExited;

    /// <summary>The product's own process, also where another program started it.</summary>
    public int Id { get; private set; }

    public string Said
    {
        get
        {
            lock (_said)
            {
                return _said.ToString();
            }
        }
    }

    /// <summary>Starts <c>run</c> and waits until it listens, or has ended: then <see cref="HasExited"/>.</summary>
    /// <param name="installation">Over what.</param>
    /// <param name="environment">Variables of the process.</param>
    /// <param name="wrapper">A program with arguments that starts it.</param>
    public static async Task<ProxyProcess> StartAsync(Installation installation, IReadOnlyDictionary<string, string>? environment = null, params string[] wrapper)
    {
        string[] line = [.. wrapper, "dotnet", Program, "run", "--data", installation.Data.Path, "--policy", installation.PolicyFile,
            "--config", installation.ConfigFile, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
        var start = new ProcessStartInfo(line[0], line[1..]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetTempPath() };
        start.Environment["DOTNET_gcServer"] = "0";
        start.Environment["DOTNET_TieredPGO"] = "0";
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        var proxy = new ProxyProcess(Process.Start(start)!, installation.AdminToken);
        proxy.Listen();
        if (await proxy._listens.Task.WaitAsync(Patience) is { } listens)
        {
            proxy.Connect(installation, listens.Proxy, listens.Admin);
        }
        else
        {
            await proxy.Ended;
        }

        return proxy;
    }

    /// <summary>A command of the product in a process of its own, to its end.</summary>
    public static async Task<(int Code, string Said)> CommandAsync(IReadOnlyDictionary<string, string> environment, string[] wrapper, params string[] arguments)
    {
        string[] line = [.. wrapper, "dotnet", Program, .. arguments];
        var start = new ProcessStartInfo(line[0], line[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var said = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, string.Concat(said));
    }

    /// <summary>One request of the agent.</summary>
    public async Task<Answer> AskAsync(string url)
    {
        try
        {
            using var answer = await _agent!.GetAsync(url, TestContext.Current.CancellationToken);
            var receipt = answer.Headers.TryGetValues("Smart-Proxy-Receipt", out var ids) ? ids.Single() : null;
            var body = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            var isProblem = answer.Content.Headers.ContentType?.MediaType == "application/problem+json";
            return new Answer((int)answer.StatusCode, isProblem ? JsonDocument.Parse(body).RootElement.GetProperty("reason").GetString() : null, receipt);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return Answer.None;
        }
    }

    /// <summary>One request of the agent whose answer is not read to its end; the id of its receipt.</summary>
    public async Task<string> ReceiptOfHeadAsync(string url)
    {
        using var answer = await _agent!.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        return answer.Headers.GetValues("Smart-Proxy-Receipt").Single();
    }

    /// <summary>An order of the operator; null when no answer came.</summary>
    public async Task<HttpStatusCode?> OrderAsync(string path, string body)
    {
        try
        {
            using var content = new StringContent(body, Encoding.UTF8, "application/json");
            using var answer = await _operator!.PostAsync(path, content, TestContext.Current.CancellationToken);
            return answer.StatusCode;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    /// <summary>What is wrong, in the words of <c>/healthz</c>.</summary>
    public async Task<string> HealthAsync() => await _operator!.GetStringAsync("/healthz", TestContext.Current.CancellationToken);

    /// <summary>SIGKILL, to the process itself.</summary>
    public void Kill() => Signal("KILL");

    /// <summary>SIGTERM, and the end of it.</summary>
    public async Task<int> StopAsync()
    {
        Signal("TERM");
        return await Ended;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await Ended;
        }

        _agent?.Dispose();
        _operator?.Dispose();
        _process.Dispose();
    }

    private void Signal(string name)
    {
        if (!_process.HasExited)
        {
            using var kill = Process.Start("kill", ["-" + name, Id.ToString(CultureInfo.InvariantCulture)]);
            kill.WaitForExit();
        }
    }

    private async Task<int> EndAsync()
    {
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience);
        return _process.ExitCode;
    }

    private void Listen()
    {
        _process.OutputDataReceived += (_, line) => Hear(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    // `proxy http://127.0.0.1:40001   admin http://127.0.0.1:40002   data …` says that both listen; the end of the output that it never will.
    private void Hear(string? line)
    {
        Keep(line);
        if (line is null)
        {
            _listens.TrySetResult(null);
        }
        else if (line.StartsWith("proxy ", StringComparison.Ordinal))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            _listens.TrySetResult((new Uri(words[1]), new Uri(words[3])));
        }
    }

    private void Keep(string? line)
    {
        lock (_said)
        {
            _said.AppendLine(line);
        }
    }

    private void Connect(Installation installation, Uri proxy, Uri admin)
    {
        Id = RunFile.TryLoad(installation.Data)?.ProcessId ?? _process.Id;
        _agent = new HttpClient(new SocketsHttpHandler
        {
            Proxy = new WebProxy(proxy) { Credentials = new NetworkCredential("me", installation.Token) },
            AllowAutoRedirect = false,
        });
        _operator = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = admin };
        _operator.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", _adminToken);
    }
}
