using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace SmartProxy.Receipts;

/// <summary>
/// A public P-256 key as a JSON Web Key (RFC 7517, RFC 7518 6.2). Its id is the thumbprint of RFC 7638, so a key can't be passed off under
/// another one's id.
/// </summary>
/// <param name="Point">The public point; 32 bytes each.</param>
/// <param name="NotBefore">From when receipts are signed with it, in Unix seconds.</param>
/// <param name="Expires">Until when, in Unix seconds; null while it is in use.</param>
internal sealed record ReceiptJwk(ECPoint Point, long NotBefore, long? Expires)
{
    private const int CoordinateLength = 32;

    public string X { get; } = Base64Url.EncodeToString(Point.X);

    public string Y { get; } = Base64Url.EncodeToString(Point.Y);

    /// <summary>RFC 7638: SHA-256 of the required members in lexical order, without white space.</summary>
    public string Kid => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes($$"""{"crv":"P-256","kty":"EC","x":"{{X}}","y":"{{Y}}"}""")));

    public bool IsValidAt(DateTimeOffset time) =>
        time.ToUnixTimeSeconds() >= NotBefore && (Expires is not { } expires || time.ToUnixTimeSeconds() <= expires);

    public ECDsa ToVerifier() => ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = Point });

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("kty", "EC");
        json.WriteString("crv", "P-256");
        json.WriteString("x", X);
        json.WriteString("y", Y);
        json.WriteString("kid", Kid);
        json.WriteString("use", "sig");
        json.WriteString("alg", JwsSigner.Algorithm);
        json.WriteNumber("nbf", NotBefore);
        if (Expires is { } expires)
        {
            json.WriteNumber("exp", expires);
        }

        json.WriteEndObject();
    }

    /// <summary>Reads one key of a set. Null for a key of another kind, or whose <c>kid</c> isn't its thumbprint.</summary>
    public static ReceiptJwk? Read(JsonElement element)
    {
        var isOurs = element.ValueKind == JsonValueKind.Object
            && Text(element, "kty") == "EC" && Text(element, "crv") == "P-256" && Text(element, "alg") == JwsSigner.Algorithm;
        if (!isOurs || !TryRead(element, "x", out var x) || !TryRead(element, "y", out var y) || !TryReadValidity(element, out var from, out var until))
        {
            return null;
        }

        var key = new ReceiptJwk(new ECPoint { X = x, Y = y }, from, until);
        return Text(element, "kid") == key.Kid ? key : null;
    }

    private static bool TryReadValidity(JsonElement element, out long from, out long? until)
    {
        (from, until) = (0, null);
        if (!element.TryGetProperty("nbf", out var nbf) || nbf.ValueKind != JsonValueKind.Number || !nbf.TryGetInt64(out from))
        {
            return false;
        }

        if (!element.TryGetProperty("exp", out var exp))
        {
            return true;
        }

        until = exp.ValueKind == JsonValueKind.Number && exp.TryGetInt64(out var expires) ? expires : null;
        return until is not null;
    }

    private static bool TryRead(JsonElement element, string name, out byte[] coordinate)
    {
        coordinate = [];
        return Text(element, name) is { } text && StrictBase64Url.TryDecode(text, out coordinate) && coordinate.Length == CoordinateLength;
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.String ? member.GetString() : null;
}
