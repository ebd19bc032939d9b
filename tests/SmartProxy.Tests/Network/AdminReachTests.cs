using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text;
using SmartProxy.Tests.EndToEnd;
using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.Network;

/// <summary>
/// The whole product, with a policy that lists its own two ports as merchants and an operator who allows every address: the admin listener and the proxy
/// itself still can't be reached through the proxy.
/// </summary>
public sealed class AdminReachTests
{
    // The server itself takes this for no Host.
    private const string NoHost = "[::]";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Neither_of_our_listeners_is_reached_through_the_proxy_under_any_name()
    {
        var (proxyPort, adminPort) = (FreePort(), FreePort());
        string[] hosts = ["127.0.0.1", "127.0.0.2", "0.0.0.0", "localhost", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", .. LanAddresses()];
        var targets = hosts.SelectMany(host => new[] { $"{host}:{proxyPort}", $"{host}:{adminPort}" }).ToArray();
        await using var running = await RunningProxy.StartAsync(new ProxySetup
        {
            Agents = ["blind"],
            Policy = PolicyFor(targets),
            Settings = new Dictionary<string, string?>
            {
                ["Listen:Proxy"] = $"127.0.0.1:{proxyPort}",
                ["Listen:Admin"] = $"127.0.0.1:{adminPort}",
                ["Egress:Allow:0"] = "0.0.0.0/0",
                ["Egress:Allow:1"] = "::/0",
                ["Egress:Allow:2"] = $"127.0.0.1:{adminPort}",
            },
        });
        var (credentials, blind) = (CredentialsOf("me"), CredentialsOf("blind"));

        foreach (var (index, target) in targets.Index())
        {
            string[] judged =
            [
                await SayAsync($"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{blind}\r\n"),
                await SayAsync($"GET /u/m{index}/healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nSmart-Proxy-Token: {running.TokenOf("me")}\r\nConnection: close\r\n\r\n"),
            ];
            string[] written =
            [
                await SayAsync($"GET http://{target}/healthz HTTP/1.1\r\nHost: {target}\r\n{credentials}Connection: close\r\n\r\n"),
                await SayAsync($"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{credentials}\r\n", $"GET /healthz HTTP/1.1\r\nHost: {target}\r\nConnection: close\r\n\r\n"),
            ];

            Assert.All(judged, answer => Assert.True(IsRefusedByTheGuard(answer), $"{target}: {answer}"));
            Assert.All(written, answer => Assert.True(
                IsRefusedByTheGuard(answer) || (target.StartsWith(NoHost, StringComparison.Ordinal) && answer.StartsWith("HTTP/1.1 400 ", StringComparison.Ordinal)), $"{target}: {answer}"));
        }

        Assert.Contains("\"status\"", await running.HealthAsync(), StringComparison.Ordinal);

        string CredentialsOf(string agent) => "Proxy-Authorization: Basic " + Convert.ToBase64String(Encoding.ASCII.GetBytes(agent + ":" + running.TokenOf(agent))) + "\r\n";

        async Task<string> SayAsync(params string[] texts)
        {
            using var client = await RawClient.ConnectAsync(proxyPort, Token);
            await client.SendAsync(texts[0], Token);
            if (texts.Length == 2)
            {
                Assert.StartsWith("HTTP/1.1 200 ", await client.ReadHeadAsync(Token), StringComparison.Ordinal);
                await client.SendAsync(texts[1], Token);
            }

            return await client.ReadToEndAsync(Token);
        }
    }

    private static bool IsRefusedByTheGuard(string answer) => answer.Contains("destination_not_allowed", StringComparison.Ordinal);

    private static string PolicyFor(string[] targets)
    {
        var merchants = targets.Select((target, index) => $$"""
            "m{{index}}": { "hosts": ["{{target}}"], "upstream": "http://{{target}}", "recipients": "any", "allowCleartext": true }
            """);
        return $$"""{ "networks": ["base-sepolia"], "merchants": { "elsewhere": { "hosts": ["elsewhere.test"], "recipients": "any" }, {{string.Join(",\n", merchants)}} }, "agents": { "me": { "allow": ["*", {{string.Join(", ", targets.Select((_, index) => $"\"m{index}\""))}}], "limits": { "payment": "0.01", "day": "0.01" } }, "blind": { "allow": ["elsewhere"], "limits": { "payment": "0.01", "day": "0.01" } } } }""";
    }

    private static IEnumerable<string> LanAddresses() => NetworkInterface.GetAllNetworkInterfaces()
        .SelectMany(network => network.GetIPProperties().UnicastAddresses)
        .Where(unicast => unicast.Address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(unicast.Address))
        .Select(unicast => unicast.Address.ToString());

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
