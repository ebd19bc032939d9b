using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Time.Testing;
using SmartProxy.Connections;
using SmartProxy.Options;
using SmartProxy.Protocol;
using SmartProxy.TestKit;

#pragma warning disable CA1416

namespace SmartProxy.Tests.Connections;

public sealed class CertificateAuthorityTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    private string Ca => _folder.File("ca");

    private string Key => Path.Combine(Ca, CertificateAuthority.KeyFile);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_key_file_can_be_read_by_its_owner_only()
    {
        CertificateAuthority.Create(Ca, _time).Dispose();

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Key));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Ca));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void A_key_that_others_can_reach_is_refused(UnixFileMode more)
    {
        CertificateAuthority.Create(Ca, _time).Dispose();
        File.SetUnixFileMode(Key, UnixFileMode.UserRead | more);

        var message = Assert.Throws<InvalidDataException>(() => CertificateAuthority.Load(Ca)).Message;

        Assert.Contains("chmod 600", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void A_missing_authority_is_refused_and_not_made_again()
    {
        var message = Assert.Throws<InvalidDataException>(() => CertificateAuthority.Load(Ca)).Message;

        Assert.Contains("init", message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Ca));
    }

    [Fact]
    public void A_damaged_key_is_refused_in_one_line()
    {
        CertificateAuthority.Create(Ca, _time).Dispose();
        File.WriteAllText(Key, "nonsense");

        Assert.DoesNotContain('\n', Assert.Throws<InvalidDataException>(() => CertificateAuthority.Load(Ca)).Message);
    }

    [Fact]
    public void An_authority_is_never_replaced()
    {
        CertificateAuthority.Create(Ca, _time).Dispose();
        var key = File.ReadAllText(Key);

        Assert.Throws<IOException>(() => CertificateAuthority.Create(Ca, _time));

        Assert.Equal(key, File.ReadAllText(Key));
    }

    [Fact]
    public void The_authority_signs_leaves_and_nothing_below_them()
    {
        using var created = CertificateAuthority.Create(Ca, _time);
        using var loaded = CertificateAuthority.Load(Ca);
        var constraints = loaded.Certificate.Extensions.OfType<X509BasicConstraintsExtension>().Single();

        Assert.Equal((true, true, true, 0), (constraints.Critical, constraints.CertificateAuthority, constraints.HasPathLengthConstraint, constraints.PathLengthConstraint));
        Assert.True(loaded.Certificate.HasPrivateKey);
    }

    [Theory]
    [InlineData("api.example.com")]
    [InlineData("192.0.2.7")]
    [InlineData("2001:db8::1")]
    [InlineData("a-very-long-label-that-makes-the-whole-name.longer-than-sixty-four-bytes.example.com")]
    public void A_leaf_names_one_host_and_is_valid_for_a_month(string name)
    {
        using var authority = CertificateAuthority.Create(Ca, _time);
        using var mint = Mint(authority);
        using var leaf = mint.Mint(Host(name));
        var names = leaf.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single();

        Assert.Equal([name], names.EnumerateDnsNames().Concat(names.EnumerateIPAddresses().Select(a => a.ToString())));
        Assert.True(leaf.GetNameInfo(X509NameType.SimpleName, false).Length <= 64);
        Assert.Equal(_time.GetUtcNow().AddDays(30).DateTime, leaf.NotAfter.ToUniversalTime(), TimeSpan.FromSeconds(1));
        Assert.Equal(_time.GetUtcNow().AddDays(-1).DateTime, leaf.NotBefore.ToUniversalTime(), TimeSpan.FromSeconds(1));
        Assert.Contains(leaf.Extensions, e => e is X509AuthorityKeyIdentifierExtension);
        Assert.Contains(leaf.Extensions, e => e is X509SubjectKeyIdentifierExtension);
    }

    [Fact]
    public void A_context_is_kept_per_host_within_the_bound_and_renewed_in_time()
    {
        using var authority = CertificateAuthority.Create(Ca, _time);
        using var mint = Mint(authority, capacity: 2);
        var (a, b, c) = (Host("a.test"), Host("b.test"), Host("c.test"));
        var first = mint.For(a);
        mint.For(b);

        Assert.Same(first, mint.For(a));
        mint.For(c);
        Assert.Same(first, mint.For(a));

        _time.Advance(TimeSpan.FromDays(28));
        Assert.NotSame(first, mint.For(a));
    }

    private LeafMint Mint(CertificateAuthority authority, int capacity = 10) =>
        new(authority, new SeededRandom(1), _time, Microsoft.Extensions.Options.Options.Create(new ConnectionOptions { LeafCertificates = capacity }));

    private static HostName Host(string text) => HostName.TryParse(text, out var host) ? host : throw new ArgumentException(text);
}
