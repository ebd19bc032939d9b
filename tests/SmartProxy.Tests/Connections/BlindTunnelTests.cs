using System.Net.Security;
using Microsoft.AspNetCore.Http;
using SmartProxy.Policies;
using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.Connections;

/// <summary>Tunnels whose bytes nobody looks at.</summary>
public sealed class BlindTunnelTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_blind_tunnel_relays_both_ways_and_hears_the_agents_end()
    {
        using var origin = new RawOrigin("anything", atEnd: true);
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        proxy.Policy.Swap(TunnelTreatment.Blind);
        using var client = await proxy.OpenTunnelAsync(origin.Authority, Token);
        await client.SendAsync("\x16 any bytes\r\n\r\n", Token);
        client.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);

        Assert.Equal("anything", await client.ReadToEndAsync(Token));
        Assert.Equal("\x16 any bytes\r\n\r\n", await origin.Heads.Reader.ReadAsync(Token));
    }

    [Fact]
    public async Task A_passthrough_host_is_never_decrypted()
    {
        await using var origin = await TestOrigin.StartAsync(c => c.Response.WriteAsync("hello"));
        await using var proxy = await ProxyFixture.StartAsync([origin.Port], connections: o => o.Passthrough.Add("origin.test"));
        using var client = await proxy.OpenTunnelAsync(origin.Authority, Token);
        using var tls = new SslStream(client.Stream, leaveInnerStreamOpen: true, (_, certificate, _, _) => certificate is not null);
        await tls.AuthenticateAsClientAsync("origin.test");

        Assert.Equal(OriginCertificates.Server.Thumbprint, ((System.Security.Cryptography.X509Certificates.X509Certificate2)tls.RemoteCertificate!).Thumbprint);
    }

    [Theory]
    [InlineData(TunnelTreatment.Blind, "127.0.0.1:1", "destination_not_allowed")]
    [InlineData(TunnelTreatment.Blind, "nowhere.invalid:443", "upstream_dns_failed")]
    public async Task A_blind_tunnel_goes_only_where_the_guard_lets_it(object treatment, string authority, string reason)
    {
        await using var proxy = await ProxyFixture.StartAsync([]);
        proxy.Policy.Swap((TunnelTreatment)treatment);
        using var client = await proxy.ConnectAsync(Token);
        await client.SendAsync($"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\nProxy-Authorization: {FakeAuthenticator.Basic}\r\n\r\n", Token);

        Assert.Contains(reason, await client.ReadToEndAsync(Token), StringComparison.Ordinal);
    }
}
