using SmartProxy.Protocol;

namespace SmartProxy.Keys;

/// <summary>Makes and reads web3 key files (version 3). Keys stay inside; only addresses come out.</summary>
internal interface IKeyFiles
{
    /// <summary>A new key in a new file, mode 0600, opened by the password in <paramref name="passwordFile"/>. Returns its address.</summary>
    EvmAddress Create(string keyFile, string passwordFile);

    /// <summary>Takes over a key file, or a raw key in hex, into a new key file. Returns its address, or throws with what was expected.</summary>
    /// <param name="source">The file to take over.</param>
    /// <param name="sourcePasswordFile">Opens <paramref name="source"/>; null for a raw key.</param>
    /// <param name="keyFile">The new file.</param>
    /// <param name="passwordFile">Opens the new file later.</param>
    EvmAddress Import(string source, string? sourcePasswordFile, string keyFile, string passwordFile);

    /// <summary>The address that the file names, without opening it; null when it names none.</summary>
    EvmAddress? AddressOf(string keyFile);
}
