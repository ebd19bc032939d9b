using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using SmartProxy.Tests.EndToEnd;
using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.Network;

/// <summary>A rotation beside the running product, as an operator and an agent see it.</summary>
public sealed class RotationTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_running_proxy_hands_out_both_certificates_and_signs_with_the_new_one_until_the_old_one_is_gone()
    {
        await using var proxy = await RunningProxy.StartAsync(new ProxySetup
        {
            Policy = """{ "networks": ["base-sepolia"], "agents": { "me": { "allow": ["*"], "limits": { "payment": "0.01", "day": "0.01" } } } }""",
        });
        var before = await PublishedAsync(proxy, certificates: 1);
        Assert.Equal(before, await IssuerAsync(proxy));

        Assert.Equal(0, (await proxy.CommandAsync("ca", "rotate")).Code);
        var both = await PublishedAsync(proxy, certificates: 2);
        var issuer = await IssuerAsync(proxy);
        Assert.Contains(before, both, StringComparison.Ordinal);
        Assert.NotEqual(before, issuer);

        Assert.Equal(0, (await proxy.CommandAsync("ca", "retire")).Code);
        Assert.Equal(issuer, await PublishedAsync(proxy, certificates: 1));
        Assert.Equal(issuer, await IssuerAsync(proxy));
    }

    // The process looks at its folder once a second.
    private static async Task<string> PublishedAsync(RunningProxy proxy, int certificates)
    {
        using var client = new HttpClient();
        while (true)
        {
            var pem = await client.GetStringAsync(new Uri(proxy.Proxy, "/ca.pem"), Token);
            if (pem.Split("BEGIN CERTIFICATE").Length - 1 == certificates)
            {
                return pem;
            }
        }
    }

    // The certificate of `ca.pem` that believes the leaf of a new tunnel, as PEM.
    private static async Task<string> IssuerAsync(RunningProxy proxy)
    {
        using var client = await RawClient.ConnectAsync(proxy.Proxy.Port, Token);
        var credentials = Convert.ToBase64String(Encoding.ASCII.GetBytes("me:" + proxy.TokenOf("me")));
        await client.SendAsync($"CONNECT origin.test:443 HTTP/1.1\r\nHost: origin.test:443\r\nProxy-Authorization: Basic {credentials}\r\n\r\n", Token);
        Assert.StartsWith("HTTP/1.1 200 ", await client.ReadHeadAsync(Token), StringComparison.Ordinal);

        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(proxy.Data.CaCertificate);
        string? issuer = null;
        using var tls = new SslStream(client.Stream, leaveInnerStreamOpen: true, (_, certificate, _, _) =>
        {
            issuer = authorities.Select(authority => ProxyFixture.Believes(authority, certificate) ? authority.ExportCertificatePem() + "\n" : "").Aggregate(string.Concat);
            return issuer.Length > 0;
        });
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "origin.test" }, Token);
        return issuer!;
    }
}
