using System.Security.Cryptography;
using System.Text;

namespace SmartProxy.Payments;

/// <summary>
/// Turns a query string, which may hold secrets, into an HMAC-SHA256 under the installation's own key: equal queries stay recognisable in
/// receipts, and nothing else can be learnt from them.
/// </summary>
internal sealed class QueryDigester(byte[] key)
{
    public const int KeyLength = 32;

    private readonly byte[] _key = key;

    /// <summary>Splits a target into its path and the digest of its query; null without a query.</summary>
    public (string Path, string? QueryHmac) Split(string target)
    {
        var mark = target.IndexOf('?', StringComparison.Ordinal);
        return mark < 0
            ? (target, null)
            : (target[..mark], Convert.ToHexStringLower(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(target[(mark + 1)..]))));
    }

    public override string ToString() => "QueryDigester (secret)";
}
