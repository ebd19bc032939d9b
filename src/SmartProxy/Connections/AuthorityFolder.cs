using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using SmartProxy.Installation;

#pragma warning disable CA1416 // file modes: the product runs where they exist

namespace SmartProxy.Connections;

/// <summary>
/// The folder <c>ca/</c>. <c>ca.pem</c> holds every certificate that agents should trust, <c>ca.key</c> the key of the authority in service, and
/// <c>next.key</c>, during a rotation, that of its successor. No file holds two keys. A key that others can read stops the start, and what is missing
/// is never made again.
/// </summary>
/// <remarks>
/// A rotation survives a crash at every step, because a key finds its certificate by itself: (1) <c>next.key</c> is written, (2) <c>ca.pem</c> gets the
/// second certificate; retiring (3) moves <c>next.key</c> over <c>ca.key</c> and (4) takes the first certificate out of <c>ca.pem</c>.
/// </remarks>
internal sealed class AuthorityFolder(string folder)
{
    public const string CertificateFile = "ca.pem";
    public const string KeyFile = "ca.key";
    public const string NextKeyFile = "next.key";

    private const string MadeByInit = "restore it from your backup, or make a new data folder with `init`";

    private readonly string _certificates = Path.Combine(folder, CertificateFile);
    private readonly string _key = Path.Combine(folder, KeyFile);
    private readonly string _nextKey = Path.Combine(folder, NextKeyFile);

    /// <summary>Makes the first authority.</summary>
    /// <exception cref="IOException">There is one already, or the folder can't be written.</exception>
    public AuthoritySet Create(DateTimeOffset now, IReadOnlyList<string> permitted)
    {
        PrivateFile.MakeFolder(folder);
        using var made = CertificateAuthority.Make(now, NameConstraints.For(permitted));

        // The key first: a certificate without its key is noticed, a key without its certificate is harmless.
        PrivateFile.WriteNew(_key, KeyOf(made));
        PrivateFile.WriteNew(_certificates, Pem(made.Certificate));
        return Load();
    }

    /// <exception cref="InvalidDataException">It is missing, unreadable, damaged, or a key can be read by others. One line that says what to do.</exception>
    public AuthoritySet Load()
    {
        try
        {
            var trusted = new X509Certificate2Collection();
            trusted.ImportFromPem(File.ReadAllText(_certificates));
            var current = Find(trusted, _key) ?? throw new InvalidDataException($"expected `{_certificates}` and `{_key}` to belong together, found others; restore them from your backup");
            return new AuthoritySet(current, File.Exists(_nextKey) ? Find(trusted, _nextKey) : null, trusted);
        }
        catch (OperatorException e)
        {
            throw new InvalidDataException(e.Message, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"expected an authority in `{folder}`, found none that can be read ({e.GetType().Name}); {MadeByInit}", e);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new InvalidDataException($"expected an authority in `{_certificates}` and `{_key}`, found damage; restore them from your backup", e);
        }
    }

    /// <summary>Makes a successor that signs from a moment on. Agents find both certificates in <c>ca.pem</c> from now on.</summary>
    /// <exception cref="OperatorException">The last rotation is not over.</exception>
    public AuthoritySet Rotate(DateTimeOffset signsFrom)
    {
        var set = Load();
        if (set.Trusted.Count > 1)
        {
            throw new OperatorException("expected one authority, found a rotation that is not over; end it with `smartproxy ca retire`", OperatorException.Failed);
        }

        using var next = CertificateAuthority.Make(signsFrom, NameConstraints.Of(set.Current.Certificate));
        PrivateFile.Write(_nextKey, KeyOf(next));
        Publish([.. set.Trusted, next.Certificate]);
        return Load();
    }

    /// <summary>Lets go of the authority whose successor signs: its certificate is not handed out any more and its key is gone.</summary>
    /// <exception cref="OperatorException">There is no successor, or it does not sign yet.</exception>
    public AuthoritySet Retire(DateTimeOffset now)
    {
        var set = Load();
        if (set.Trusted.Count == 1)
        {
            throw new OperatorException("there is one authority only, and no agent could do without it; make its successor with `smartproxy ca rotate`", OperatorException.Failed);
        }

        if (set.Next is { } next)
        {
            if (next.SignsFrom > now)
            {
                throw new OperatorException($"the successor signs from {next.SignsFrom:u} on; retire the old authority then, when every agent trusts the new one", OperatorException.Failed);
            }

            File.Move(_nextKey, _key, overwrite: true);
            Unix.SyncFolder(folder);
            set = Load();
        }

        Publish(set.Current.Certificate);
        return Load();
    }

    /// <summary>Changes with every file of the folder that counts.</summary>
    public (DateTime Certificates, DateTime Key, DateTime NextKey) Stamp() =>
        (File.GetLastWriteTimeUtc(_certificates), File.GetLastWriteTimeUtc(_key), File.GetLastWriteTimeUtc(_nextKey));

    // The certificates are no secret: whom the operator lets read them goes on reading them.
    private void Publish(params IEnumerable<X509Certificate2> certificates)
    {
        var mode = File.GetUnixFileMode(_certificates);
        PrivateFile.Write(_certificates, Pem(certificates));
        File.SetUnixFileMode(_certificates, mode);
    }

    private static CertificateAuthority? Find(X509Certificate2Collection certificates, string keyFile)
    {
        using var key = ECDsa.Create();
        key.ImportFromPem(Encoding.ASCII.GetString(PrivateFile.Read(keyFile, MadeByInit)));
        var publicKey = key.ExportSubjectPublicKeyInfo();
        var found = certificates.FirstOrDefault(certificate => IsAuthority(certificate) && certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(publicKey));
        return found is null ? null : new CertificateAuthority(found.CopyWithPrivateKey(key));
    }

    private static bool IsAuthority(X509Certificate2 certificate) => certificate.Extensions.OfType<X509BasicConstraintsExtension>().Any(e => e.CertificateAuthority);

    private static byte[] KeyOf(CertificateAuthority authority)
    {
        using var key = authority.Certificate.GetECDsaPrivateKey()!;
        return Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem() + "\n");
    }

    private static byte[] Pem(params IEnumerable<X509Certificate2> certificates) => Encoding.ASCII.GetBytes(AuthoritySet.PemOf(certificates));
}

/// <summary>What the folder held at one moment.</summary>
/// <param name="Current">The authority in service.</param>
/// <param name="Next">Its successor, during a rotation; it takes over at its <see cref="CertificateAuthority.SignsFrom"/>.</param>
/// <param name="Trusted">The certificates that agents should trust, without keys.</param>
internal sealed record AuthoritySet(CertificateAuthority Current, CertificateAuthority? Next, X509Certificate2Collection Trusted)
{
    public CertificateAuthority SignerAt(DateTimeOffset now) => Next is not null && Next.SignsFrom <= now ? Next : Current;

    public string TrustedPem => PemOf(Trusted);

    internal static string PemOf(IEnumerable<X509Certificate2> certificates) => string.Concat(certificates.Select(certificate => certificate.ExportCertificatePem() + "\n"));
}
