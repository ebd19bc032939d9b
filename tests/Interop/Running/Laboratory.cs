using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using SmartProxy.TestKit;
using Xunit.Sdk;
using Xunit.v3;

[assembly: AssemblyFixture(typeof(SmartProxy.Interop.Tests.Laboratory))]

// One chain, one set of balances: tests take turns.
[assembly: Parallelization(Mode = ParallelMode.None)]

namespace SmartProxy.Interop.Tests;

/// <summary>A seller of the laboratory.</summary>
/// <param name="PayTo">Where its money goes.</param>
/// <param name="Http">Its origin over cleartext.</param>
/// <param name="Https">Its origin over TLS, with a certificate of the laboratory's CA.</param>
internal sealed record Seller(string PayTo, string Http, string Https);

/// <summary>A request that a seller saw.</summary>
internal sealed record SeenRequest(string Method, string Url, bool Paid, string? Nonce, string[] Forwarded);

/// <summary>
/// The laboratory of <c>lab/</c>, one for all tests: a real EVM node, the official facilitator, the official sellers and hostile ones. Where
/// Node or npm is absent its tests are skipped with that reason, except in CI, where absence is a failure.
/// </summary>
public sealed class Laboratory : IAsyncLifetime
{
    internal static readonly string Folder = Repository.PathOf("tests", "Interop", "lab");
    private static readonly string[] Programs = ["node", "npm", "openssl", "curl", "git", "python3"];
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private Process? _process;
    private HttpClient _control = null!;

    /// <summary>Why there is no laboratory here, or null.</summary>
    public string? Absent { get; private set; }

    internal string Token { get; private set; } = "";

    internal string Rpc { get; private set; } = "";

    internal string CaFile { get; private set; } = "";

    internal string FilesFolder { get; private set; } = "";

    internal Seller V1 { get; private set; } = null!;

    internal Seller V2 { get; private set; } = null!;

    internal Seller Hostile { get; private set; } = null!;

    internal IEnumerable<string> Hosts => new[] { V1, V2, Hostile }.SelectMany(seller => new[] { new Uri(seller.Http), new Uri(seller.Https) }).Select(uri => uri.Authority);

    public async ValueTask InitializeAsync()
    {
        var missing = Programs.Where(program => !Shell.IsInstalled(program)).ToArray();
        if (missing.Length > 0)
        {
            Absent = $"not installed: {string.Join(", ", missing)}";
            return;
        }

        await NodePackages.InstallAsync(Folder);
        _process = Shell.Start("node", [Path.Combine(Folder, "lab.mjs")]);
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginErrorReadLine();
        var line = await _process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("the laboratory ended before it was ready; run `node lab.mjs` to see why");
        using var ready = JsonDocument.Parse(line);
        string Text(string name) => ready.RootElement.GetProperty(name).GetString()!;
        Seller SellerOf(string name) => ready.RootElement.GetProperty(name).Deserialize<Seller>(Json)!;
        (Token, Rpc, CaFile, FilesFolder) = (Text("token"), Text("rpc"), Text("caFile"), Text("filesFolder"));
        (V1, V2, Hostile) = (SellerOf("v1"), SellerOf("v2"), SellerOf("hostile"));
        _control = new HttpClient { BaseAddress = new Uri(Text("control") + "/_lab/") };
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            _control?.Dispose();
            _process.StandardInput.Close();
            await _process.WaitForExitAsync();
            _process.Dispose();
        }
    }

    /// <summary>Skips the test where there is no laboratory; fails it in CI.</summary>
    internal void Require()
    {
        if (Absent is not null && Environment.GetEnvironmentVariable("CI") == "true")
        {
            Assert.Fail("the laboratory is required in CI; " + Absent);
        }

        Assert.SkipUnless(Absent is null, "no laboratory on this machine; " + Absent);
    }

    /// <summary>Requests whose URL holds <paramref name="mark"/>, in the order of their arrival.</summary>
    internal async Task<SeenRequest[]> SeenAsync(string mark) =>
        (await _control.GetFromJsonAsync<SeenRequest[]>($"seen?mark={mark}", Json, TestContext.Current.CancellationToken))!;

    /// <summary>The distinct nonces that reached sellers at URLs with <paramref name="mark"/>.</summary>
    internal async Task<string[]> NoncesAsync(string mark) => [.. (await SeenAsync(mark)).Where(request => request.Paid).Select(request => request.Nonce!).Distinct()];

    /// <summary>Token units on chain.</summary>
    internal async Task<UInt128> BalanceAsync(string address)
    {
        var answer = await _control.GetFromJsonAsync<JsonElement>($"balance/{address}", TestContext.Current.CancellationToken);
        return UInt128.Parse(answer.GetProperty("units").GetString()!, CultureInfo.InvariantCulture);
    }

    /// <summary>The nonces of every AuthorizationUsed event.</summary>
    internal async Task<string[]> UsedNoncesAsync()
    {
        var events = await _control.GetFromJsonAsync<JsonElement[]>("used", TestContext.Current.CancellationToken);
        return [.. events!.Select(used => used.GetProperty("nonce").GetString()!)];
    }

    internal Task MintAsync(string address, long units) => PostAsync($"mint/{address}/{units}");

    internal Task MineAsync(int blocks) => PostAsync($"mine/{blocks}");

    /// <summary>Lets a seller go on that waits at a gate.</summary>
    internal Task OpenAsync(string gate) => PostAsync($"open/{gate}");

    /// <summary>The hostile seller settles, late, what it kept at URLs with <paramref name="mark"/>; how many times it succeeded.</summary>
    internal async Task<int> SettleKeptAsync(string mark)
    {
        using var answer = await PostAsync($"settle-kept?mark={mark}");
        var results = await answer.Content.ReadFromJsonAsync<JsonElement[]>(TestContext.Current.CancellationToken);
        return results!.Count(result => result.GetProperty("success").GetBoolean());
    }

    private async Task<HttpResponseMessage> PostAsync(string target)
    {
        var answer = await _control.PostAsync(target, null, TestContext.Current.CancellationToken);
        return answer.EnsureSuccessStatusCode();
    }
}
