using System.Security.Cryptography.X509Certificates;
using SmartProxy.Installation;

namespace SmartProxy.Connections;

/// <summary>What <c>init</c> and <c>ca</c> do, on the folder alone: a running process looks there by itself.</summary>
internal sealed class AuthorityFiles(TimeProvider time) : IAuthorityFiles
{
    public void Create(DataFolder data, IReadOnlyList<string> permitted) => FolderOf(data).Create(time.GetUtcNow(), permitted);

    public IReadOnlyList<AuthorityLine> List(DataFolder data) => Lines(() => FolderOf(data).Load());

    public IReadOnlyList<AuthorityLine> Rotate(DataFolder data, TimeSpan after) => Lines(() => FolderOf(data).Rotate(time.GetUtcNow() + after));

    public IReadOnlyList<AuthorityLine> Retire(DataFolder data) => Lines(() => FolderOf(data).Retire(time.GetUtcNow()));

    private List<AuthorityLine> Lines(Func<AuthoritySet> read)
    {
        try
        {
            var set = read();
            var signer = set.SignerAt(time.GetUtcNow());
            return [.. set.Trusted.Select(certificate => LineOf(certificate, signer))];
        }
        catch (InvalidDataException fault)
        {
            throw new OperatorException(fault.Message, inner: fault);
        }
    }

    private static AuthorityLine LineOf(X509Certificate2 certificate, CertificateAuthority signer)
    {
        using var authority = new CertificateAuthority(new X509Certificate2(certificate));
        return new AuthorityLine(authority.Fingerprint, authority.Fingerprint == signer.Fingerprint, authority.SignsFrom, certificate.NotAfter.ToUniversalTime());
    }

    private static AuthorityFolder FolderOf(DataFolder data) => new(data.CertificateAuthority);
}
