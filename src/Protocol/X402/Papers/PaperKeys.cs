using System.Numerics;

namespace SmartProxy.Protocol.X402.Papers;

/// <summary>Keys that their own id holds: <c>did:key</c> with Ed25519, and <c>did:jwk</c> with Ed25519 or P-256. All others would have to be fetched.</summary>
internal static class PaperKeys
{
    private const int KeyLength = 32;
    private const string Base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

    public static PaperKey? Of(string kid)
    {
        var did = kid.Split('#')[0];
        return did.StartsWith("did:key:z", StringComparison.Ordinal) ? OfMultibase(did["did:key:z".Length..])
            : did.StartsWith("did:jwk:", StringComparison.Ordinal) ? OfJwk(did["did:jwk:".Length..])
            : null;
    }

    // Multicodec 0xed01, then the key.
    private static PaperKey? OfMultibase(string text)
    {
        if (text.Length is 0 or > 64)
        {
            return null;
        }

        var value = BigInteger.Zero;
        foreach (var digit in text.Select(character => Base58.IndexOf(character, StringComparison.Ordinal)))
        {
            if (digit < 0)
            {
                return null;
            }

            value = (value * Base58.Length) + digit;
        }

        return value.ToByteArray(isUnsigned: true, isBigEndian: true) is [0xed, 0x01, .. var key] && key.Length == KeyLength ? new PaperKey(IsEd25519: true, key, []) : null;
    }

    private static PaperKey? OfJwk(string text)
    {
        using var jwk = PaperJws.Decode(text) is { } bytes ? PaperJws.Parse(bytes) : null;
        return jwk is null ? null : (PaperJws.Text(jwk.RootElement, "kty"), PaperJws.Text(jwk.RootElement, "crv"), Coordinate("x"), Coordinate("y")) switch
        {
            ("OKP", "Ed25519", { } x, _) => new PaperKey(IsEd25519: true, x, []),
            ("EC", "P-256", { } x, { } y) => new PaperKey(IsEd25519: false, x, y),
            _ => null,
        };

        byte[]? Coordinate(string name) => PaperJws.Text(jwk.RootElement, name) is { } value && PaperJws.Decode(value) is { Length: KeyLength } coordinate ? coordinate : null;
    }
}
