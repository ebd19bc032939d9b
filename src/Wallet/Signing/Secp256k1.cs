using Org.BouncyCastle.Asn1.X9;
using Org.BouncyCastle.Crypto.EC;
using Org.BouncyCastle.Math;
using Org.BouncyCastle.Math.EC;
using Org.BouncyCastle.Math.EC.Multiplier;
using Org.BouncyCastle.Utilities;
using SmartProxy.Protocol;

namespace SmartProxy.Wallet.Signing;

/// <summary>
/// The curve (SEC 2, 2.4.1), account addresses, and recovery of a signer. The fast curve of <c>CustomNamedCurves</c> matters: the plain
/// one of the same library is fourteen times slower.
/// </summary>
internal static class Secp256k1
{
    public const int SignatureLength = 65;

    private const int ScalarLength = 32;
    private const int FirstV = 27;

    private static readonly X9ECParameters Parameters = CustomNamedCurves.GetByName("secp256k1");
    private static readonly FixedPointCombMultiplier Comb = new();

    public static BigInteger Order { get; } = Parameters.N;

    private static BigInteger HalfOrder { get; } = Parameters.N.ShiftRight(1);

    /// <summary>Whether a private key may have this value: 1 to n−1.</summary>
    public static bool IsScalar(BigInteger value) => value.SignValue > 0 && value.CompareTo(Order) < 0;

    public static bool IsHigh(BigInteger s) => s.CompareTo(HalfOrder) > 0;

    /// <summary>The base point times <paramref name="scalar"/>, in affine form.</summary>
    public static ECPoint MultiplyBase(BigInteger scalar) => Comb.Multiply(Parameters.G, scalar).Normalize();

    /// <summary>The account of a public key: the last 20 bytes of the Keccak-256 of its 64 bytes.</summary>
    public static EvmAddress AddressOf(ECPoint publicKey)
    {
        var encoded = publicKey.GetEncoded(compressed: false);
        return new EvmAddress(Bytes32.Keccak256(encoded.AsSpan(1)).ToArray().AsSpan(Bytes32.Length - EvmAddress.Length));
    }

    public static string Encode(BigInteger r, BigInteger s, bool isOddY)
    {
        Span<byte> signature = stackalloc byte[SignatureLength];
        BigIntegers.AsUnsignedByteArray(r, signature[..ScalarLength]);
        BigIntegers.AsUnsignedByteArray(s, signature[ScalarLength..(2 * ScalarLength)]);
        signature[^1] = (byte)(FirstV + (isOddY ? 1 : 0));
        return Hex.Encode(signature);
    }

    /// <summary>
    /// Recovers the account (SEC 1, 4.1.6). False for compact forms, v other than 27 and 28, r or s out of range, and high s, which token
    /// contracts refuse.
    /// </summary>
    public static bool TryRecover(Bytes32 digest, string? signature, out EvmAddress signer)
    {
        signer = default;
        Span<byte> bytes = stackalloc byte[SignatureLength];
        if (!Hex.TryDecode(signature, bytes) || bytes[^1] is not (FirstV or FirstV + 1))
        {
            return false;
        }

        var r = new BigInteger(1, bytes[..ScalarLength]);
        var s = new BigInteger(1, bytes[ScalarLength..^1]);
        if (!IsScalar(r) || !IsScalar(s) || IsHigh(s) || PointOf(r, bytes[^1] == FirstV + 1) is not { } point)
        {
            return false;
        }

        var inverse = BigIntegers.ModOddInverse(Order, r);
        var e = new BigInteger(1, digest.ToArray());
        var publicKey = ECAlgorithms.SumOfTwoMultiplies(
            Parameters.G, e.Negate().Multiply(inverse).Mod(Order), point, s.Multiply(inverse).Mod(Order)).Normalize();
        if (publicKey.IsInfinity)
        {
            return false;
        }

        signer = AddressOf(publicKey);
        return true;
    }

    // y² = x³ + 7 has no root for half of all x.
    private static ECPoint? PointOf(BigInteger x, bool isOddY)
    {
        var curve = Parameters.Curve;
        var fieldX = curve.FromBigInteger(x);
        var y = fieldX.Square().Multiply(fieldX).Add(curve.B).Sqrt();
        if (y is null)
        {
            return null;
        }

        return curve.CreatePoint(x, (y.TestBitZero() == isOddY ? y : y.Negate()).ToBigInteger());
    }
}
