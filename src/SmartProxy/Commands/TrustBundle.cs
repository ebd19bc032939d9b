using System.Security.Cryptography.X509Certificates;
using System.Text;
using SmartProxy.Installation;

namespace SmartProxy.Commands;

/// <summary>System roots and our CA in one PEM file, for clients whose setting replaces the system's.</summary>
internal static class TrustBundle
{
    private static readonly string[] SystemFiles =
    [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ];

    /// <summary>Writes <c>ca/bundle.pem</c> when its content changed: the system may have got new roots since.</summary>
    /// <exception cref="OperatorException">Our CA is missing.</exception>
    public static void Write(DataFolder data)
    {
        if (!File.Exists(data.CaCertificate))
        {
            throw new OperatorException($"`{data.CaCertificate}` is missing; run `smartproxy init --data {data}` first, or restore it from a backup");
        }

        var content = Encoding.ASCII.GetBytes(SystemRoots().TrimEnd() + "\n" + File.ReadAllText(data.CaCertificate));
        if (!File.Exists(data.CaBundle) || !File.ReadAllBytes(data.CaBundle).AsSpan().SequenceEqual(content))
        {
            PrivateFile.Write(data.CaBundle, content);
        }
    }

    private static string SystemRoots()
    {
        if (SystemFiles.FirstOrDefault(File.Exists) is { } file)
        {
            return File.ReadAllText(file);
        }

        using var store = new X509Store(StoreName.Root, StoreLocation.LocalMachine, OpenFlags.ReadOnly);
        return string.Join('\n', store.Certificates.Select(root => root.ExportCertificatePem()));
    }
}
