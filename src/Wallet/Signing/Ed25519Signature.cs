using Org.BouncyCastle.Math.EC.Rfc8032;

namespace SmartProxy.Wallet.Signing;

/// <summary>Verifies Ed25519 (RFC 8032); nothing of ours signs with it.</summary>
public static class Ed25519Signature
{
    /// <param name="publicKey">32 bytes.</param>
    /// <param name="message">What was signed.</param>
    /// <param name="signature">64 bytes.</param>
    public static bool IsValid(byte[] publicKey, byte[] message, byte[] signature) =>
        publicKey.Length == Ed25519.PublicKeySize && signature.Length == Ed25519.SignatureSize && Ed25519.Verify(signature, 0, publicKey, 0, message, 0, message.Length);
}
