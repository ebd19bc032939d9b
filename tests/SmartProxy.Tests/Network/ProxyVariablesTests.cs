using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using SmartProxy.Installation;
using SmartProxy.TestKit;
using SmartProxy.Tests.EndToEnd;
using SmartProxy.Tests.Forwarding;
using SmartProxy.Tests.Limits;

namespace SmartProxy.Tests.Network;

/// <summary>
/// <c>HTTP_PROXY</c> and its like in our own environment, as containers often have them: nothing of ours goes there. As processes, because the
/// framework reads the variables once.
/// </summary>
public sealed class ProxyVariablesTests : IDisposable
{
    private readonly Canary _lure = new(IPAddress.Loopback);
    private readonly TempFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _lure.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Requests_and_questions_to_a_node_go_straight(bool tls)
    {
        using var node = new Canary(IPAddress.Loopback);
        await using var seller = await ScriptedSeller.StartAsync(tls);
        var environment = Variables();
        environment["SmartProxy__Networks__eip155:84532__Rpc__0"] = UrlOf(node.Port);
        await using var proxy = await ProxyProcess.StartAsync(seller.Authority, [], environment: environment);

        using var agent = await proxy.ConnectAsync();
        var credentials = $"Proxy-Authorization: {proxy.CredentialsOf("me")}\r\n";
        if (tls)
        {
            await agent.SendAsync($"CONNECT {seller.Authority} HTTP/1.1\r\nHost: {seller.Authority}\r\n{credentials}\r\n", Stop);
            Assert.StartsWith("HTTP/1.1 200 ", await agent.ReadHeadAsync(Stop), StringComparison.Ordinal);
            agent.Stream = await InsideAsync(agent.Stream, proxy.Data);
            credentials = "";
        }

        await agent.SendAsync($"GET {(tls ? "" : seller.Url)}/free HTTP/1.1\r\nHost: {seller.Authority}\r\n{credentials}Connection: close\r\n\r\n", Stop);

        Assert.StartsWith("HTTP/1.1 200 ", await agent.ReadToEndAsync(Stop), StringComparison.Ordinal);
        Assert.Single(seller.Seen("/free"));
        Assert.True(node.Connections > 0);
        Assert.Equal(0, _lure.Connections);
    }

    [Fact]
    public async Task An_audit_asks_the_node_that_it_was_told_and_follows_nobody_elsewhere()
    {
        using var elsewhere = new Canary(IPAddress.Loopback);
        using var node = new RawOrigin($"HTTP/1.1 307 Temporary Redirect\r\nLocation: {UrlOf(elsewhere.Port)}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        var data = new DataFolder(_folder.File("data"));
        await RunningProxy.Seams.Installer.MakeAsync(data, _folder.File("policies.json"), "base-sepolia");

        var said = await RunAsync("ledger", "verify", "--data", data.Path, "--rpc", UrlOf(node.Port));

        Assert.Contains("the chain could not be read", said, StringComparison.Ordinal);
        Assert.True(node.Connections > 0);
        Assert.Equal((0, 0), (_lure.Connections, elsewhere.Connections));
    }

    private Dictionary<string, string> Variables() => new[] { "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY" }
        .SelectMany(name => new[] { name, name.ToLowerInvariant() })
        .ToDictionary(name => name, _ => UrlOf(_lure.Port));

    private async Task<string> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "smartproxy.dll"), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        Variables().ToList().ForEach(variable => start.Environment[variable.Key] = variable.Value);
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(Stop), process.StandardError.ReadToEndAsync(Stop));
        await process.WaitForExitAsync(Stop);
        return await output + await error;
    }

    private static async Task<SslStream> InsideAsync(Stream tunnel, DataFolder data)
    {
        using var root = X509CertificateLoader.LoadCertificateFromFile(data.CaCertificate);
        var tls = new SslStream(tunnel, leaveInnerStreamOpen: false, (_, certificate, _, _) => ProxyFixture.Believes(root, certificate));
        await tls.AuthenticateAsClientAsync("127.0.0.1");
        return tls;
    }

    private static string UrlOf(int port) => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/");
}
