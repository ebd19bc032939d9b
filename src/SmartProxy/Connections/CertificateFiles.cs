using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SmartProxy.Installation;

namespace SmartProxy.Connections;

/// <summary>
/// A certificate with its chain and its key, in two PEM files of the operator's. Renewed files are taken in within a second of their next use; files
/// that do not belong together, as in the middle of a renewal, leave the last good pair in service.
/// </summary>
internal sealed class CertificateFiles
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    private readonly string _certificate;
    private readonly string _key;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private SslStreamCertificateContext _current;
    private (DateTime, DateTime) _stamp;
    private long _looked;

    /// <exception cref="InvalidDataException">A file is missing, damaged or, for the key, open to others: the start refuses.</exception>
    public CertificateFiles(string certificate, string key, TimeProvider time)
    {
        (_certificate, _key, _time) = (certificate, key, time);
        (_stamp, _looked) = (Stamp(), time.GetTimestamp());
        _current = Load();
    }

    public SslStreamCertificateContext Current
    {
        get
        {
            lock (_gate)
            {
                if (_time.GetElapsedTime(_looked) >= LookAgain)
                {
                    _looked = _time.GetTimestamp();
                    Refresh();
                }

                return _current;
            }
        }
    }

    private void Refresh()
    {
        var stamp = Stamp();
        if (stamp == _stamp)
        {
            return;
        }

        try
        {
            _current = Load();
            _stamp = stamp;
        }
        catch (InvalidDataException)
        {
            // Half a renewal: the next look finds the other half.
        }
    }

    private SslStreamCertificateContext Load()
    {
        try
        {
            PrivateFile.RefuseOthers(_key);
            var chain = new X509Certificate2Collection();
            chain.ImportFromPemFile(_certificate);
            return SslStreamCertificateContext.Create(X509Certificate2.CreateFromPemFile(_certificate, _key), chain, offline: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException or OperatorException)
        {
            throw new InvalidDataException($"SmartProxy:Listen:Tls: expected a certificate in `{_certificate}` and its key in `{_key}`, both PEM: {e.Message}", e);
        }
    }

    private (DateTime, DateTime) Stamp() => (File.GetLastWriteTimeUtc(_certificate), File.GetLastWriteTimeUtc(_key));
}
