using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SmartProxy.Interop.Tests;

/// <summary>A test with a laboratory of its own: it moves the chain's time and wallets' money in ways that would disturb every other test.</summary>
[Trait("needs", "node")]
public abstract class OwnLaboratoryTest : IAsyncLifetime
{
    private ProxyProcess? _proxy;
    private HttpClient? _node;

    internal Laboratory Lab { get; } = new();

    internal ProxyProcess Proxy => _proxy ?? throw new InvalidOperationException("call StartProxyAsync first");

    internal string Mark { get; } = $"m{Guid.NewGuid():N}";

    public async ValueTask InitializeAsync()
    {
        await Lab.InitializeAsync();
        Lab.Require();
        _node = new HttpClient { BaseAddress = new Uri(Lab.Rpc) };
    }

    public async ValueTask DisposeAsync()
    {
        await (_proxy?.DisposeAsync() ?? default);
        _node?.Dispose();
        await Lab.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>A proxy that reads the laboratory's chain every second, with ten dollars on it unless another amount is given.</summary>
    internal async Task StartProxyAsync(string limits = """ "payment": "0.05", "day": "5.00" """, long units = 10_000_000, Action<JsonNode>? settings = null)
    {
        _proxy = await ProxyProcess.InitAsync(Lab, limits);
        var config = JsonNode.Parse(await File.ReadAllTextAsync(Proxy.Config, TestContext.Current.CancellationToken))!;
        config["SmartProxy"]!["Networks"]!["eip155:84532"]!["SweepSeconds"] = 1;
        settings?.Invoke(config["SmartProxy"]!);
        await File.WriteAllTextAsync(Proxy.Config, config.ToJsonString(), TestContext.Current.CancellationToken);
        if (units > 0)
        {
            await Lab.MintAsync(Proxy.Wallet, units);
        }

        await Lab.MineAsync(2);
        await Proxy.StartAsync();
    }

    internal async Task<Agents> AgentsAsync() => new(await Proxy.EnvironmentAsync());

    /// <summary>The node's own clock goes on, and so do its blocks.</summary>
    internal async Task AdvanceAsync(int seconds)
    {
        await CallAsync("evm_increaseTime", seconds);
        await Lab.MineAsync(2);
    }

    /// <summary>A plain transfer out of the proxy's wallet, as by somebody who has its key.</summary>
    internal async Task StealAsync(int units)
    {
        await CallAsync("anvil_impersonateAccount", Proxy.Wallet);
        await CallAsync("anvil_setBalance", Proxy.Wallet, "0xde0b6b3a7640000");
        var data = "0xa9059cbb" + new string('0', 24) + new string('9', 40) + units.ToString("x64", CultureInfo.InvariantCulture);
        await CallAsync("eth_sendTransaction", new JsonObject { ["from"] = Proxy.Wallet, ["to"] = Lab.Token, ["data"] = data });
        await Lab.MineAsync(2);
    }

    /// <summary>Waits until the journal on disk has lines of a type; gives them.</summary>
    internal async Task<JsonElement[]> LinesAsync(string type, int count = 1)
    {
        using var again = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        for (var turn = 0; turn < 300; turn++)
        {
            var lines = Proxy.ReadJournal().Where(line => line.GetProperty("type").GetString() == type).ToArray();
            if (lines.Length >= count)
            {
                return lines;
            }

            await again.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }

        throw new InvalidOperationException($"no `{type}` line came within 30 s\n{string.Join('\n', Proxy.ReadJournal())}\n{Proxy.Log()}");
    }

    internal int CountOf(string type) => Proxy.ReadJournal().Count(line => line.GetProperty("type").GetString() == type);

    /// <summary>How the agent's day limit stands.</summary>
    internal async Task<(string Spent, string Held)> DayAsync(Agents agents)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{Proxy.Listen}/v1/me") { Headers = { { "Smart-Proxy-Token", agents.Token } } };
        using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
        var me = await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
        var day = me.GetProperty("limits").EnumerateArray().Single(limit => limit.GetProperty("id").GetString()!.EndsWith(".limits.day", StringComparison.Ordinal));
        return (day.GetProperty("spent").GetString()!, day.GetProperty("held").GetString()!);
    }

    private async Task CallAsync(string method, params object[] parameters)
    {
        var body = new { jsonrpc = "2.0", id = 1, method, @params = parameters };
        using var answer = await _node!.PostAsJsonAsync("", body, TestContext.Current.CancellationToken);
        var said = await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
        Assert.False(said.TryGetProperty("error", out var error), $"{method}: {error}");
    }
}
