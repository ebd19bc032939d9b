using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

#pragma warning disable CA1416 // file modes: the product runs where they exist

namespace SmartProxy.Connections;

/// <summary>
/// The certificate authority that agents trust: P-256, allowed to sign leaves only (<c>pathlen:0</c>). Made once by <c>init</c> and never
/// silently again; its key stays in one file that nobody else may read.
/// </summary>
internal sealed class CertificateAuthority : IDisposable
{
    public const string CertificateFile = "ca.pem";
    public const string KeyFile = "ca.key";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private CertificateAuthority(X509Certificate2 certificate) => Certificate = certificate;

    /// <summary>With its private key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>For agents to trust.</summary>
    public string CertificatePem => Certificate.ExportCertificatePem();

    /// <summary>Makes an authority in a folder, valid for ten years from a day ago.</summary>
    /// <exception cref="IOException">There is one already, or the folder can't be written.</exception>
    public static CertificateAuthority Create(string folder, TimeProvider time)
    {
        Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = time.GetUtcNow();
        var name = new X500DistinguishedName($"CN=Smart Proxy CA {now:yyyy-MM-dd}, O=Smart Proxy");
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(X509BasicConstraintsExtension.CreateForCertificateAuthority(pathLengthConstraint: 0));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddYears(10));

        // The key first: a certificate without its key is noticed, a key without its certificate is harmless.
        WriteNew(Path.Combine(folder, KeyFile), key.ExportPkcs8PrivateKeyPem());
        WriteNew(Path.Combine(folder, CertificateFile), certificate.ExportCertificatePem());
        return new CertificateAuthority(certificate);
    }

    /// <summary>Reads the authority of a folder.</summary>
    /// <exception cref="InvalidDataException">It is missing, unreadable, damaged, or its key can be read by others. One line that says what to do.</exception>
    public static CertificateAuthority Load(string folder)
    {
        var (certificateFile, keyFile) = (Path.Combine(folder, CertificateFile), Path.Combine(folder, KeyFile));
        try
        {
            var mode = File.GetUnixFileMode(keyFile);
            if ((mode & Others) != 0)
            {
                throw new InvalidDataException($"expected the CA key to be readable by its owner only, found mode {Convert.ToString((int)mode, 8)}; run `chmod 600 {keyFile}`");
            }

            var certificate = X509Certificate2.CreateFromPemFile(certificateFile, keyFile);
            return certificate.Extensions.OfType<X509BasicConstraintsExtension>().Any(e => e.CertificateAuthority)
                ? new CertificateAuthority(certificate)
                : throw new InvalidDataException($"expected a CA certificate in `{certificateFile}`, found another one; restore it from your backup");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"expected a CA in `{folder}`, found none that can be read ({e.GetType().Name}); restore it, or make a new data folder with `init`", e);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new InvalidDataException($"expected `{certificateFile}` and `{keyFile}` to belong together, found damage; restore them from your backup", e);
        }
    }

    public void Dispose() => Certificate.Dispose();

    // Created with its final mode, filled and synced under another name, then linked into place; an existing file is never replaced.
    private static void WriteNew(string path, string text)
    {
        if (File.Exists(path))
        {
            throw new IOException($"expected no `{path}`, found one; it is never replaced");
        }

        var temporary = path + ".new";
        File.Delete(temporary);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly };
        using (var file = new FileStream(temporary, options))
        {
            file.Write(System.Text.Encoding.ASCII.GetBytes(text + "\n"));
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: false);
    }
}
