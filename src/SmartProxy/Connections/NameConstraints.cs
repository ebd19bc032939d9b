using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace SmartProxy.Connections;

/// <summary>
/// X.509 name constraints (RFC 5280 4.2.1.10): an authority that carries them can't be abused for other names, whoever gets hold of its key. Clients
/// enforce them. Only DNS names below the permitted domains pass, and no IP addresses.
/// </summary>
internal static class NameConstraints
{
    public const string Oid = "2.5.29.30";

    private static readonly Asn1Tag Permitted = new(TagClass.ContextSpecific, 0, isConstructed: true);
    private static readonly Asn1Tag Excluded = new(TagClass.ContextSpecific, 1, isConstructed: true);
    private static readonly Asn1Tag DnsName = new(TagClass.ContextSpecific, 2);
    private static readonly Asn1Tag IPAddress = new(TagClass.ContextSpecific, 7);

    /// <param name="domains">Each permits itself and every name below it; empty for no constraint.</param>
    public static X509Extension? For(IReadOnlyList<string> domains)
    {
        if (domains.Count == 0)
        {
            return null;
        }

        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence(Permitted))
            {
                foreach (var domain in domains)
                {
                    using var subtree = writer.PushSequence();
                    writer.WriteCharacterString(UniversalTagNumber.IA5String, domain, DnsName);
                }
            }

            // Names of a kind that no constraint mentions would be free: addresses are excluded whole, of both families.
            using (writer.PushSequence(Excluded))
            {
                foreach (var length in new[] { 4, 16 })
                {
                    using var subtree = writer.PushSequence();
                    writer.WriteOctetString(new byte[2 * length], IPAddress);
                }
            }
        }

        return new X509Extension(Oid, writer.Encode(), critical: true);
    }

    /// <summary>The constraints that a certificate carries, for its successor.</summary>
    public static X509Extension? Of(X509Certificate2 certificate) => certificate.Extensions[Oid];
}
