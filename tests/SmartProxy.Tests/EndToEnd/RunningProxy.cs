using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using SmartProxy.Commands;
using SmartProxy.Hosting;
using SmartProxy.Identity;
using SmartProxy.Installation;
using SmartProxy.Keys;
using SmartProxy.Ledger;
using SmartProxy.Options;
using SmartProxy.Protocol;
using SmartProxy.Storage;
using SmartProxy.TestKit;
using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.EndToEnd;

/// <summary>What a test says about its proxy; the rest is as <c>init</c> makes it.</summary>
internal sealed record ProxySetup
{
    /// <summary>The text of the policy file.</summary>
    public required string Policy { get; init; }

    /// <summary>Agents that get a token, besides <c>me</c>.</summary>
    public IReadOnlyList<string> Agents { get; init; } = [];

    /// <summary>Settings by their names below <c>SmartProxy:</c>.</summary>
    public IReadOnlyDictionary<string, string?> Settings { get; init; } = new Dictionary<string, string?>();

    public Action<ILoggingBuilder>? Logs { get; init; }

    /// <summary>The wallet's private key in hex, where a test has to know it; null leaves the one that <c>init</c> made.</summary>
    public string? WalletKey { get; init; }

    /// <summary>Whether it is started with <c>--insecure-dev-key</c>.</summary>
    public bool UsesDevKey { get; init; }
}

/// <summary>
/// The whole product in this process, on ephemeral ports, over a data folder that <c>init</c> made: nothing in it is played. Every loopback
/// address may be dialled, and the test origins' root is trusted.
/// </summary>
internal sealed class RunningProxy : IAsyncDisposable
{
    private const int CheapScrypt = 2;

    private readonly TempFolder _folder;
    private readonly ProxySetup _setup;
    private readonly Dictionary<string, string> _tokens;
    private ProxyHost? _host;

    private RunningProxy(TempFolder folder, ProxySetup setup, Dictionary<string, string> tokens) => (_folder, _setup, _tokens) = (folder, setup, tokens);

    /// <summary>The product's own composition; only keys are opened faster.</summary>
    public static CommandSeams Seams { get; } = SmartProxy.Hosting.Seams.Create() with { KeyFiles = new KeyFiles(new SystemRandomSource(), CheapScrypt) };

    public DataFolder Data => new(_folder.File("data"));

    public string PolicyFile => _folder.File("policies.json");

    public Uri Proxy => _host!.Proxy;

    public Uri Admin => _host!.Admin;

    public string AdminToken => File.ReadAllText(Data.AdminToken).Trim();

    public IReadOnlyList<string> Notices => _host!.Notices;

    public static async Task<RunningProxy> StartAsync(ProxySetup setup)
    {
        var folder = new TempFolder();
        var proxy = new RunningProxy(folder, setup, []);
        var made = await Seams.Installer.MakeAsync(proxy.Data, proxy.PolicyFile, "base-sepolia");
        proxy._tokens["me"] = made.Token.Reveal();
        var credentials = new CredentialEditor(new CredentialFile(proxy.Data.Credentials), TimeProvider.System, new SystemRandomSource());
        foreach (var agent in setup.Agents)
        {
            proxy._tokens[agent] = credentials.Add(new AgentId(agent)).Reveal();
        }

        if (setup.WalletKey is { } key)
        {
            PrivateFile.WriteNew(folder.File("key"), System.Text.Encoding.ASCII.GetBytes(key));
            var (wallet, password) = (proxy.Data.In("wallets", "main.json"), proxy.Data.In("wallets", "main.password"));
            File.Delete(wallet);
            Seams.KeyFiles.Import(folder.File("key"), sourcePasswordFile: null, wallet, password);
        }

        await File.WriteAllTextAsync(proxy.PolicyFile, setup.Policy);
        await File.WriteAllTextAsync(folder.File("origins.pem"), OriginCertificates.RootPem);
        await proxy.StartAsync();
        return proxy;
    }

    public async Task StartAsync()
    {
        var settings = new Dictionary<string, string?>
        {
            ["Listen:Proxy"] = "127.0.0.1:0",
            ["Listen:Admin"] = "127.0.0.1:0",
            ["Egress:Allow:0"] = "127.0.0.0/8",
            ["Upstream:ExtraCaFile"] = "origins.pem",
        };
        _setup.Settings.ToList().ForEach(setting => settings[setting.Key] = setting.Value);
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create("SmartProxy:" + setting.Key, setting.Value))).Build();
        _host = await ProxyHost.StartAsync(
            RunSettings.From(Data, PolicyFile, configuration, _folder.Path) with { LogFormat = LogFormat.None, MoreLogs = _setup.Logs, UsesDevKey = _setup.UsesDevKey }, TestContext.Current.CancellationToken);
    }

    public async Task StopAsync()
    {
        var host = Interlocked.Exchange(ref _host, null);
        await (host?.DisposeAsync() ?? default);
    }

    /// <summary>
    /// A second installation from what lies on disk right now, as after a power cut: the index, which is no part of the truth, is left out.
    /// </summary>
    public async Task<RunningProxy> StartFromCrashImageAsync()
    {
        var folder = new TempFolder();
        var image = new RunningProxy(folder, _setup, _tokens);
        Copy(Data.Path, image.Data.Path);
        File.Copy(PolicyFile, image.PolicyFile);
        File.Copy(_folder.File("origins.pem"), folder.File("origins.pem"));
        await image.StartAsync();
        return image;
    }

    public string TokenOf(string agent) => _tokens[agent];

    /// <summary>A client as agents have them: the proxy's URL with a token, our CA trusted, nothing else special.</summary>
    public HttpClient As(string agent)
    {
        var handler = new SocketsHttpHandler
        {
            Proxy = new WebProxy(Proxy) { Credentials = new NetworkCredential(agent, TokenOf(agent)) },
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = TrustsOurAuthority },
        };
        return new HttpClient(handler);
    }

    /// <summary>One of the proxy's own pages, as the agent sees it.</summary>
    public async Task<HttpResponseMessage> OwnAsync(string agent, string path, string accept = "*/*")
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Proxy, path)) { Headers = { { "Smart-Proxy-Token", TokenOf(agent) }, { "Accept", accept } } };
        return await client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    /// <summary>An order of the operator, or of the agent where one is named, as JSON.</summary>
    public async Task<(HttpStatusCode Status, JsonElement Answer)> PostAsync(string path, string body, string? agent = null)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(agent is null ? Admin : Proxy, path)) { Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json") };
        request.Headers.Add("Authorization", "Bearer " + (agent is null ? AdminToken : TokenOf(agent)));
        using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
        using var document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        return (answer.StatusCode, document.RootElement.Clone());
    }

    /// <summary>A command, as a person types it beside the running proxy.</summary>
    public async Task<(int Code, string Output, string Error)> CommandAsync(params string[] arguments)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var code = await CommandLineRoot.RunAsync([.. arguments, "--data", Data.Path], Seams, output, error, TestContext.Current.CancellationToken);
        return (code, output.ToString(), error.ToString());
    }

    /// <summary>One of the operator's pages.</summary>
    public async Task<string> AdminAsync(string path)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Admin, path)) { Headers = { { "Authorization", "Bearer " + AdminToken } } };
        using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>What the agent's day limit counts, in micro-dollars.</summary>
    public async Task<(UInt128 Spent, UInt128 Held)> MoneyOfAsync(string agent)
    {
        using var answer = await OwnAsync(agent, "/v1/me");
        using var document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        var day = document.RootElement.GetProperty("limits").EnumerateArray().Single(limit => limit.GetProperty("id").GetString()!.EndsWith(".limits.day", StringComparison.Ordinal));
        UInt128 Micros(string name) => Usd.TryParse(day.GetProperty(name).GetString(), out var value) ? value.Micros : throw new InvalidDataException(name);
        return (Micros("spent"), Micros("held"));
    }

    public async Task<string> HealthAsync() => await AdminAsync("/healthz");

    public string JournalText()
    {
        using var file = new FileStream(JournalFiles.JournalIn(Data.Path), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        return reader.ReadToEnd();
    }

    /// <summary>The verified lines of a stopped proxy's journal.</summary>
    public IReadOnlyList<JournalLine> Journal()
    {
        var lines = new List<JournalLine>();
        Assert.Null(LedgerVerify.Check(Data.Path, lines.Add).Problem);
        return lines;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _folder.Dispose();
    }

    private static void Copy(string from, string to)
    {
        PrivateFile.MakeFolder(to);
        foreach (var folder in Directory.GetDirectories(from))
        {
            Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
        }

        foreach (var file in Directory.GetFiles(from).Where(file => !Path.GetFileName(file).StartsWith("index", StringComparison.Ordinal) && Path.GetFileName(file) != "lock"))
        {
            // Read as a stream: the files are open for writing.
            using var source = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var bytes = new byte[source.Length];
            source.ReadExactly(bytes);
            PrivateFile.WriteNew(Path.Combine(to, Path.GetFileName(file)), bytes);
        }
    }

    private bool TrustsOurAuthority(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        using var authority = X509CertificateLoader.LoadCertificateFromFile(Data.CaCertificate);
        using var strict = new X509Chain();
        strict.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        strict.ChainPolicy.CustomTrustStore.Add(authority);
        strict.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return !errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) && certificate is X509Certificate2 leaf && strict.Build(leaf);
    }
}
