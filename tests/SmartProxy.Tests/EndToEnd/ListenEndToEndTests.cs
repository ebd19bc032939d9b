using System.Net;
using System.Net.Http.Headers;

namespace SmartProxy.Tests.EndToEnd;

/// <summary>Listening on every address, as in a container: commands and clients on the machine still find the way.</summary>
public sealed class ListenEndToEndTests
{
    private const string Policy = """{ "networks": ["base-sepolia"], "agents": { "me": { "allow": ["*"] } } }""";

    [Fact]
    public async Task A_proxy_on_every_address_is_found_by_env_commands_and_operators()
    {
        await using var proxy = await RunningProxy.StartAsync(new ProxySetup
        {
            Policy = Policy,
            Settings = new Dictionary<string, string?>
            {
                ["Listen:Proxy"] = "0.0.0.0:0",
                ["Listen:Admin"] = "0.0.0.0:0",
                ["Listen:AllowInsecure"] = "true",
                ["Listen:AdminHosts:0"] = "Admin.Corp",
            },
        });

        var (_, variables, hint) = await proxy.CommandAsync("env", "me", "--format", "docker");
        var (health, _, _) = await proxy.CommandAsync("health");
        var (frozen, _, error) = await proxy.CommandAsync("freeze", "--reason", "a look at the books");

        Assert.Matches($"HTTPS_PROXY=http://me:sp_[0-9a-z_]+@127.0.0.1:{proxy.Proxy.Port}\n", variables);
        Assert.Contains("`--proxy http://NAME:PORT`", hint, StringComparison.Ordinal);
        Assert.Equal((0, 0, ""), (health, frozen, error));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(proxy, "admin.corp"));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(proxy, $"192.0.2.7:{proxy.Admin.Port}"));
        Assert.Equal(HttpStatusCode.MisdirectedRequest, await AskAsync(proxy, "another.corp"));
    }

    private static async Task<HttpStatusCode> AskAsync(RunningProxy proxy, string host)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{proxy.Admin.Port}/v1/agents") { Headers = { Host = host, Authorization = new AuthenticationHeaderValue("Bearer", proxy.AdminToken) } };
        using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }
}
