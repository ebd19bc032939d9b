using System.Security.Cryptography.X509Certificates;
using System.Text;
using SmartProxy.Forwarding.Origins;
using SmartProxy.Installation;
using SmartProxy.Options;
using SmartProxy.TestKit;
using SmartProxy.Tests.Forwarding;

#pragma warning disable CA1416 // file modes

namespace SmartProxy.Tests.Network;

/// <summary>Mutual TLS: our certificate is for the hosts that the operator chose, and for nobody else.</summary>
public sealed class ClientCertificateTests : IDisposable
{
    private static readonly X509Certificate2 Root = TestPki.Issue(CertificateSpec.Authority("Test root"));
    private static readonly X509Certificate2 Ours = TestPki.Issue(new CertificateSpec { Subject = "CN=smart-proxy", Names = [], Purpose = "1.3.6.1.5.5.7.3.2" }, Root);

    private readonly TempFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("origin.test", true)]
    [InlineData("ORIGIN.test", true)]
    [InlineData("a.origin.test", false)]
    [InlineData("other.test", false)]
    public async Task Only_a_chosen_origin_sees_our_certificate(string host, bool isShown)
    {
        File.WriteAllText(_folder.File("root.pem"), Root.ExportCertificatePem());
        await using var proxy = await ProxyFixture.StartAsync(
            [],
            upstream =>
            {
                upstream.ExtraCaFile = _folder.File("root.pem");
                upstream.ClientCertificates.Add(Write("origin.test"));
            },
            egress: egress => egress.Allow.Add("127.0.0.1/32"));
        var leaf = TestPki.Issue(new CertificateSpec { Names = ["origin.test", "a.origin.test", "other.test"] }, Root);
        using var server = new BadServer(new ServerScript(leaf) { AsksForCertificate = true });
        using var client = proxy.CreateClient();

        Assert.Equal("ok", await client.GetStringAsync($"https://{host}:{server.Port}/", Token));
        Assert.Equal(isShown ? Ours.Thumbprint : null, server.ClientThumbprint);
    }

    [Fact]
    public void A_host_that_is_none_or_named_twice_stops_the_start()
    {
        Assert.Contains("ClientCertificates[0]:Host", Assert.Throws<InvalidDataException>(() => new UpstreamIdentities([Write("127.1")])).Message, StringComparison.Ordinal);
        Assert.Contains("ClientCertificates[1]:Host", Assert.Throws<InvalidDataException>(() => new UpstreamIdentities([Write("a.test"), Write("A.test")])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_others_can_read_or_that_is_missing_stops_the_start()
    {
        var option = Write("a.test");
        File.SetUnixFileMode(option.KeyFile, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        Assert.Contains("chmod 600", Assert.Throws<InvalidDataException>(() => new UpstreamIdentities([option])).Message, StringComparison.Ordinal);

        File.Delete(option.KeyFile);
        Assert.Contains("ClientCertificates[0]", Assert.Throws<InvalidDataException>(() => new UpstreamIdentities([option])).Message, StringComparison.Ordinal);
    }

    private ClientCertificateOptions Write(string host)
    {
        File.WriteAllText(_folder.File("our.pem"), Ours.ExportCertificatePem());
        File.Delete(_folder.File("our.key"));
        PrivateFile.WriteNew(_folder.File("our.key"), Encoding.ASCII.GetBytes(Ours.GetRSAPrivateKey()!.ExportPkcs8PrivateKeyPem()));
        return new ClientCertificateOptions { Host = host, CertificateFile = _folder.File("our.pem"), KeyFile = _folder.File("our.key") };
    }
}
