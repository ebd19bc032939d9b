namespace SmartProxy.Wallet.Keys;

/// <summary>What became of opening a key file.</summary>
public abstract record KeyFileOutcome
{
    private KeyFileOutcome()
    {
    }

    /// <param name="Key">The key; the caller disposes it.</param>
    public sealed record Opened(SecretKey Key) : KeyFileOutcome;

    /// <param name="Problem">Which kind.</param>
    /// <param name="Message">One line for people; never holds a secret.</param>
    public sealed record Refused(KeyFileProblem Problem, string Message) : KeyFileOutcome;
}

/// <summary>Why a key file was refused.</summary>
public enum KeyFileProblem
{
    /// <summary>Not JSON, a key said twice, a member missing, or bytes of the wrong length.</summary>
    Malformed,

    /// <summary>Another version than the number 3.</summary>
    UnsupportedVersion,

    /// <summary>Another cipher than <c>aes-128-ctr</c>.</summary>
    UnsupportedCipher,

    /// <summary>Another key derivation than <c>scrypt</c> and <c>pbkdf2</c>.</summary>
    UnsupportedKdf,

    /// <summary>Another pseudo-random function than <c>hmac-sha256</c>.</summary>
    UnsupportedPrf,

    /// <summary>Parameters that would ask for too much memory or time, or that the derivation doesn't allow.</summary>
    BadParameters,

    /// <summary>The MAC doesn't match: another password, or a damaged file.</summary>
    WrongPassword,

    /// <summary>The decrypted bytes aren't a private key.</summary>
    InvalidKey,

    /// <summary>The file names another address than its key has.</summary>
    AddressMismatch,
}
