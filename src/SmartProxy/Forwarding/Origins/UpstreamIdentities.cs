using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SmartProxy.Installation;
using SmartProxy.Options;
using SmartProxy.Protocol;

namespace SmartProxy.Forwarding.Origins;

/// <summary>Our client certificates (mutual TLS): one for each host that the operator chose, none for any other.</summary>
internal sealed class UpstreamIdentities
{
    private readonly FrozenDictionary<HostName, X509Certificate2> _byHost;

    /// <exception cref="InvalidDataException">A host is none, or a file is missing, damaged or open to others: the start refuses.</exception>
    public UpstreamIdentities(IEnumerable<ClientCertificateOptions> options)
    {
        var byHost = new Dictionary<HostName, X509Certificate2>();
        foreach (var (index, option) in options.Index())
        {
            var setting = $"SmartProxy:Upstream:ClientCertificates[{index}]";
            if (!HostName.TryParse(option.Host, out var host) || !byHost.TryAdd(host, Load(option, setting)))
            {
                throw new InvalidDataException($"{setting}:Host: expected a host that no other entry names, found `{option.Host}`");
            }
        }

        _byHost = byHost.ToFrozenDictionary();
    }

    /// <summary>For the TLS client.</summary>
    public X509Certificate Select(object sender, string targetHost, X509CertificateCollection local, X509Certificate? remote, string[] issuers) =>
        HostName.TryParse(targetHost, out var host) && _byHost.TryGetValue(host, out var certificate) ? certificate : null!;

    private static X509Certificate2 Load(ClientCertificateOptions option, string setting)
    {
        try
        {
            PrivateFile.RefuseOthers(option.KeyFile);
            return X509Certificate2.CreateFromPemFile(option.CertificateFile, option.KeyFile);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException or OperatorException)
        {
            throw new InvalidDataException($"{setting}: expected a certificate in `{option.CertificateFile}` and its key in `{option.KeyFile}`, both PEM: {e.Message}", e);
        }
    }
}
