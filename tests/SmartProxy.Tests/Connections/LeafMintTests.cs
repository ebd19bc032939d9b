using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using SmartProxy.Connections;
using SmartProxy.Options;
using SmartProxy.Protocol;
using SmartProxy.TestKit;

#pragma warning disable CA1416 // file modes

namespace SmartProxy.Tests.Connections;

public sealed class LeafMintTests : IDisposable
{
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("SMARTPROXY_LONG") == "1";

    private readonly TempFolder _folder = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    private AuthorityFolder Folder => new(_folder.File("ca"));

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("api.example.com")]
    [InlineData("192.0.2.7")]
    [InlineData("2001:db8::1")]
    [InlineData("a-very-long-label-that-makes-the-whole-name.longer-than-sixty-four-bytes.example.com")]
    public void A_leaf_names_one_host_and_is_valid_for_a_month(string name)
    {
        using var mint = Mint();
        using var leaf = mint.Mint(Host(name), Folder.Load().Current);
        var names = leaf.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single();

        Assert.Equal([name], names.EnumerateDnsNames().Concat(names.EnumerateIPAddresses().Select(a => a.ToString())));
        Assert.True(leaf.GetNameInfo(X509NameType.SimpleName, false).Length <= 64);
        Assert.Equal(_time.GetUtcNow().AddDays(30).DateTime, leaf.NotAfter.ToUniversalTime(), TimeSpan.FromSeconds(1));
        Assert.Equal(_time.GetUtcNow().AddDays(-1).DateTime, leaf.NotBefore.ToUniversalTime(), TimeSpan.FromSeconds(1));
        Assert.Contains(leaf.Extensions, e => e is X509AuthorityKeyIdentifierExtension);
        Assert.Contains(leaf.Extensions, e => e is X509SubjectKeyIdentifierExtension);
        Assert.False(leaf.Extensions.OfType<X509BasicConstraintsExtension>().Single().CertificateAuthority);
    }

    [Fact]
    public void Leaves_share_a_key_and_no_serial_number_and_live_at_most_199_days()
    {
        using var mint = Mint();
        var signer = Folder.Load().Current;
        var leaves = Enumerable.Range(0, 100).Select(i => mint.Mint(Host($"h{i}.test"), signer)).ToList();

        Assert.Single(leaves.Select(leaf => leaf.GetPublicKeyString()).Distinct());
        Assert.Equal(100, leaves.Select(leaf => leaf.SerialNumber).Distinct().Count());
        Assert.All(leaves, leaf => Assert.True(leaf.NotAfter - leaf.NotBefore <= TimeSpan.FromDays(199) && leaf.SerialNumberBytes.Length == 16));
        leaves.ForEach(leaf => leaf.Dispose());
    }

    [Fact]
    public void A_context_is_kept_per_host_within_the_bound_and_renewed_in_time()
    {
        using var mint = Mint(capacity: 2);
        var (a, b, c) = (Host("a.test"), Host("b.test"), Host("c.test"));
        var first = mint.For(a);
        mint.For(b);

        Assert.Same(first, mint.For(a));
        mint.For(c);
        Assert.Same(first, mint.For(a));

        _time.Advance(TimeSpan.FromDays(28));
        Assert.NotSame(first, mint.For(a));
    }

    [Fact]
    public void An_agent_that_asks_for_host_after_host_flushes_nobody_elses_leaves()
    {
        using var mint = Mint(capacity: 10);
        var (quiet, busy) = (new AgentId("quiet"), new AgentId("busy"));
        var kept = mint.For(Host("quiet.test"), quiet);
        for (var i = 0; i < 100; i++)
        {
            mint.For(Host($"h{i}.test"), busy);
        }

        Assert.Equal(10, mint.Count);
        Assert.Same(kept, mint.For(Host("quiet.test"), quiet));

        // What nobody needs is everybody's: the quiet one gets room from the busy one's oldest.
        var (newest, second) = (mint.For(Host("h99.test"), busy), mint.For(Host("second.test"), quiet));
        Assert.Same(newest, mint.For(Host("h99.test"), busy));
        Assert.Same(second, mint.For(Host("second.test"), quiet));
        Assert.Same(kept, mint.For(Host("quiet.test"), quiet));
    }

    [Fact]
    public void Ten_thousand_hosts_leave_as_many_leaves_as_the_bound_and_nothing_of_the_others()
    {
        var (hosts, capacity) = IsLong ? (10_000, 1_000) : (1_000, 100);
        using var mint = Mint(capacity);
        var random = new Random(7);
        var made = Enumerable.Range(0, hosts).Select(_ => MintRandom(mint, capacity, random)).ToList();

        Assert.Equal(capacity, mint.Count);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        Assert.InRange(made.Count(context => context.TryGetTarget(out _)), capacity, capacity + 1);
    }

    // Apart from its caller, so that no local variable of that one keeps what is made here.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference<SslStreamCertificateContext> MintRandom(LeafMint mint, int capacity, Random random)
    {
        var name = string.Concat(Enumerable.Range(0, 20).Select(_ => (char)('a' + random.Next(26)))) + ".test";
        var context = new WeakReference<SslStreamCertificateContext>(mint.For(Host(name)));
        Assert.True(mint.Count <= capacity);
        return context;
    }

    [Fact]
    public void A_rotation_is_taken_in_while_running_and_every_leaf_changes_at_its_moment()
    {
        using var mint = Mint();
        var host = Host("a.test");
        var old = mint.For(host);
        var next = Folder.Rotate(_time.GetUtcNow().AddHours(1)).Next!;
        _time.Advance(TimeSpan.FromMinutes(30));
        Assert.Same(old, mint.For(host));

        _time.Advance(TimeSpan.FromMinutes(31));
        var leaf = mint.For(host);

        Assert.Equal(next.Certificate.SubjectName.RawData, leaf.TargetCertificate.IssuerName.RawData);
        Assert.Equal(AuthorityKey(next.Certificate), leaf.TargetCertificate.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().Single().KeyIdentifier!.Value.ToArray());
        Folder.Retire(_time.GetUtcNow());
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Same(leaf, mint.For(host));
    }

    [Fact]
    public void Authorities_that_can_not_be_read_any_more_leave_the_last_ones_in_service()
    {
        var authorities = Authorities();
        var before = (authorities.Signer.Fingerprint, authorities.TrustedPem);
        File.WriteAllText(_folder.File("ca/ca.pem"), "nonsense");
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(before, (authorities.Signer.Fingerprint, authorities.TrustedPem));
    }

    [Fact]
    public void A_rotation_that_could_not_be_read_at_first_is_taken_in_when_it_can()
    {
        var authorities = Authorities();
        var next = Folder.Rotate(_time.GetUtcNow().AddHours(1)).Next!.Fingerprint;
        File.SetUnixFileMode(_folder.File("ca/next.key"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        _time.Advance(TimeSpan.FromMinutes(30));
        var before = authorities.Signer.Fingerprint;

        // A mode changes no time of the file.
        File.SetUnixFileMode(_folder.File("ca/next.key"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        _time.Advance(TimeSpan.FromMinutes(31));

        Assert.NotEqual(before, next);
        Assert.Equal(next, authorities.Signer.Fingerprint);
    }

    [Theory]
    [InlineData("example.com", true)]
    [InlineData("api.example.com", true)]
    [InlineData("a.b.example.com", true)]
    [InlineData("example.org", false)]
    [InlineData("notexample.com", false)]
    [InlineData("example.com.evil.test", false)]
    [InlineData("192.0.2.7", false)]
    [InlineData("2001:db8::1", false)]
    public void A_constrained_authority_and_its_successor_are_believed_below_their_domains_only(string name, bool isBelieved)
    {
        Folder.Create(_time.GetUtcNow(), ["example.com", "papers.test"]);
        var set = Folder.Rotate(_time.GetUtcNow());
        using var mint = Mint();

        foreach (var authority in new[] { set.Current, set.Next! })
        {
            using var leaf = mint.Mint(Host(name), authority);
            using var chain = new X509Chain();
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.Add(authority.Certificate);
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            Assert.Equal(isBelieved, chain.Build(leaf));
        }
    }

    private static byte[] AuthorityKey(X509Certificate2 authority) => authority.Extensions.OfType<X509SubjectKeyIdentifierExtension>().Single().SubjectKeyIdentifierBytes.ToArray();

    private Authorities Authorities()
    {
        if (!Directory.Exists(_folder.File("ca")))
        {
            Folder.Create(_time.GetUtcNow(), []);
        }

        return new Authorities(Folder, _time, NullLogger<Authorities>.Instance);
    }

    private LeafMint Mint(int capacity = 10) =>
        new(Authorities(), new SeededRandom(1), _time, Microsoft.Extensions.Options.Options.Create(new ConnectionOptions { LeafCertificates = capacity }));

    private static HostName Host(string text) => HostName.TryParse(text, out var host) ? host : throw new ArgumentException(text);
}
