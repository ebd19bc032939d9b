using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Digests;
using Org.BouncyCastle.Crypto.Signers;
using Org.BouncyCastle.Math;
using Org.BouncyCastle.Utilities;
using SmartProxy.Protocol;
using SmartProxy.Wallet.Keys;

namespace SmartProxy.Wallet.Signing;

/// <summary>
/// ECDSA over a digest: nonce by RFC 6979, low s, v from the point R, so that the same authorization always gives the same bytes. Never
/// reachable from outside this project: what is signed is decided by <see cref="ReservationSigner"/>.
/// </summary>
/// <remarks>
/// The scalar passes through the library's immutable big integers, which can't be wiped and whose arithmetic isn't claimed to be
/// constant-time: whoever shares the machine is trusted.
/// </remarks>
internal sealed class Secp256k1Signer
{
    private readonly SecretKey _key;

    /// <exception cref="CryptographicException">A trial signature doesn't lead back to the key's own address.</exception>
    public Secp256k1Signer(SecretKey key)
    {
        _key = key;
        var trial = Bytes32.Keccak256("trial"u8);
        if (!Secp256k1.TryRecover(trial, Sign(trial), out var recovered) || recovered != key.Address)
        {
            throw new CryptographicException($"a trial signature does not recover to `{key.Address}`: the signer is broken and must not be used");
        }
    }

    /// <summary>65 bytes, r ‖ s ‖ v, as <c>0x</c> and 130 lower-case digits.</summary>
    public string Sign(Bytes32 digest)
    {
        var order = Secp256k1.Order;
        var message = digest.ToArray();
        var e = new BigInteger(1, message);
        var d = _key.ToScalar();
        var nonces = new HMacDsaKCalculator(new Sha256Digest());
        nonces.Init(order, d, message);

        while (true)
        {
            var k = nonces.NextK();
            var point = Secp256k1.MultiplyBase(k);
            var r = point.AffineXCoord.ToBigInteger();
            var s = BigIntegers.ModOddInverse(order, k).Multiply(e.Add(d.Multiply(r))).Mod(order);

            // An x at or above n would need a recovery id of 2 or 3, which v can't say; nobody will ever see one.
            if (!Secp256k1.IsScalar(r) || s.SignValue == 0)
            {
                continue;
            }

            var isOddY = point.AffineYCoord.TestBitZero();
            return Secp256k1.IsHigh(s)
                ? Secp256k1.Encode(r, order.Subtract(s), !isOddY)
                : Secp256k1.Encode(r, s, isOddY);
        }
    }
}
