using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Time.Testing;
using SmartProxy.Connections;
using SmartProxy.Installation;
using SmartProxy.TestKit;

#pragma warning disable CA1416

namespace SmartProxy.Tests.Connections;

public sealed class CertificateAuthorityTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    private string Ca => _folder.File("ca");

    private string Key => Path.Combine(Ca, AuthorityFolder.KeyFile);

    private string NextKey => Path.Combine(Ca, AuthorityFolder.NextKeyFile);

    private string Certificates => Path.Combine(Ca, AuthorityFolder.CertificateFile);

    private AuthorityFolder Folder => new(Ca);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_key_file_can_be_read_by_its_owner_only()
    {
        Create();
        Folder.Rotate(_time.GetUtcNow());

        Assert.All([Key, NextKey], key => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(key)));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Ca));
    }

    public static TheoryData<string, UnixFileMode> OpenKeys => new MatrixTheoryData<string, UnixFileMode>(
        [AuthorityFolder.KeyFile, AuthorityFolder.NextKeyFile],
        [
            UnixFileMode.GroupRead, UnixFileMode.GroupWrite, UnixFileMode.GroupExecute, UnixFileMode.OtherRead, UnixFileMode.OtherWrite, UnixFileMode.OtherExecute,
            UnixFileMode.GroupRead | UnixFileMode.OtherRead,
        ]);

    [Theory, MemberData(nameof(OpenKeys))]
    public void A_key_that_others_can_reach_is_refused(string file, UnixFileMode more)
    {
        Create();
        Folder.Rotate(_time.GetUtcNow());
        File.SetUnixFileMode(Path.Combine(Ca, file), UnixFileMode.UserRead | more);

        var message = Assert.Throws<InvalidDataException>(() => Folder.Load()).Message;

        Assert.Contains($"chmod 600 {Path.Combine(Ca, file)}", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void The_certificates_may_be_read_by_others_and_stay_so()
    {
        const UnixFileMode Shared = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        Create();
        File.SetUnixFileMode(Certificates, Shared);

        Folder.Rotate(_time.GetUtcNow());
        Folder.Retire(_time.GetUtcNow());

        Assert.Equal(Shared, File.GetUnixFileMode(Certificates));
    }

    [Fact]
    public void A_missing_authority_is_refused_and_not_made_again()
    {
        var message = Assert.Throws<InvalidDataException>(() => Folder.Load()).Message;

        Assert.Contains("init", message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Ca));
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----")]
    public void A_damaged_key_is_refused_in_one_line(string content)
    {
        Create();
        File.WriteAllText(Key, content);

        Assert.DoesNotContain('\n', Assert.Throws<InvalidDataException>(() => Folder.Load()).Message);
    }

    [Fact]
    public void A_key_of_another_authority_is_refused()
    {
        Create();
        new AuthorityFolder(_folder.File("other")).Create(_time.GetUtcNow(), []);
        File.Copy(Path.Combine(_folder.File("other"), AuthorityFolder.KeyFile), Key, overwrite: true);

        Assert.Contains("belong together", Assert.Throws<InvalidDataException>(() => Folder.Load()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_authority_is_never_replaced()
    {
        Create();
        var key = File.ReadAllText(Key);

        Assert.Throws<IOException>(Create);

        Assert.Equal(key, File.ReadAllText(Key));
    }

    [Fact]
    public void The_authority_signs_leaves_and_nothing_below_them()
    {
        Create();
        var loaded = Folder.Load().Current;
        var constraints = loaded.Certificate.Extensions.OfType<X509BasicConstraintsExtension>().Single();

        Assert.Equal((true, true, true, 0), (constraints.Critical, constraints.CertificateAuthority, constraints.HasPathLengthConstraint, constraints.PathLengthConstraint));
        Assert.Equal(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, loaded.Certificate.Extensions.OfType<X509KeyUsageExtension>().Single().KeyUsages);
        Assert.True(loaded.Certificate.HasPrivateKey);
    }

    [Fact]
    public void A_rotation_hands_out_both_certificates_and_the_new_one_signs_from_its_moment_on()
    {
        var first = Create().Current;
        var set = Folder.Rotate(_time.GetUtcNow().AddDays(7));

        Assert.Equal([first.Fingerprint, set.Next!.Fingerprint], set.Trusted.Select(certificate => new CertificateAuthority(certificate).Fingerprint));
        Assert.Equal(first.Fingerprint, set.SignerAt(_time.GetUtcNow().AddDays(7).AddSeconds(-2)).Fingerprint);
        Assert.Equal(set.Next.Fingerprint, set.SignerAt(_time.GetUtcNow().AddDays(7)).Fingerprint);
        Assert.Equal(2, File.ReadAllText(Certificates).Split("BEGIN CERTIFICATE").Length - 1);
        Assert.All([Key, NextKey], key => Assert.Equal(2, File.ReadAllText(key).Split("BEGIN").Length));
    }

    [Fact]
    public void Retiring_waits_for_the_successor_and_leaves_nothing_of_the_old_one()
    {
        var first = Create().Current;
        Assert.Contains("ca rotate", Assert.Throws<OperatorException>(() => Folder.Retire(_time.GetUtcNow())).Message, StringComparison.Ordinal);
        var next = Folder.Rotate(_time.GetUtcNow().AddDays(7)).Next!;
        Assert.Contains("ca retire", Assert.Throws<OperatorException>(() => Folder.Rotate(_time.GetUtcNow())).Message, StringComparison.Ordinal);
        Assert.Contains("the successor signs from", Assert.Throws<OperatorException>(() => Folder.Retire(_time.GetUtcNow())).Message, StringComparison.Ordinal);

        var set = Folder.Retire(_time.GetUtcNow().AddDays(7));

        Assert.Equal((next.Fingerprint, null, 1), (set.Current.Fingerprint, set.Next, set.Trusted.Count));
        Assert.False(File.Exists(NextKey));
        Assert.DoesNotContain(first.Certificate.ExportCertificatePem(), File.ReadAllText(Certificates), StringComparison.Ordinal);
    }

    [Fact]
    public void A_rotation_that_was_cut_off_can_be_done_again()
    {
        var first = Create().Current;
        var before = File.ReadAllText(Certificates);

        // (1) was done and (2) was not.
        Folder.Rotate(_time.GetUtcNow());
        File.WriteAllText(Certificates, before);

        Assert.Equal((first.Fingerprint, null), (Folder.Load().Current.Fingerprint, Folder.Load().Next));
        Assert.NotNull(Folder.Rotate(_time.GetUtcNow()).Next);
    }

    [Fact]
    public void A_retirement_that_was_cut_off_can_be_ended()
    {
        Create();
        var next = Folder.Rotate(_time.GetUtcNow()).Next!;

        // (3) was done and (4) was not.
        File.Move(NextKey, Key, overwrite: true);

        Assert.Equal((next.Fingerprint, 2), (Folder.Load().Current.Fingerprint, Folder.Load().Trusted.Count));
        Assert.Equal((next.Fingerprint, 1), (Folder.Retire(_time.GetUtcNow()).Current.Fingerprint, Folder.Load().Trusted.Count));
    }

    private AuthoritySet Create() => Folder.Create(_time.GetUtcNow(), []);
}
