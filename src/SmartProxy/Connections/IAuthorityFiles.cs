using SmartProxy.Installation;

namespace SmartProxy.Connections;

/// <summary>The certificate authorities of a data folder, whether a process runs on it or not.</summary>
internal interface IAuthorityFiles
{
    /// <summary>Makes the first one, with its key for its owner only.</summary>
    /// <param name="data">The data folder.</param>
    /// <param name="permitted">Domains below which it may sign; empty for all names.</param>
    void Create(DataFolder data, IReadOnlyList<string> permitted);

    IReadOnlyList<AuthorityLine> List(DataFolder data);

    /// <summary>Makes a successor that signs from a time on; agents should trust both until the old one is retired.</summary>
    /// <exception cref="OperatorException">The last rotation is not over.</exception>
    IReadOnlyList<AuthorityLine> Rotate(DataFolder data, TimeSpan after);

    /// <summary>Lets go of the old one.</summary>
    /// <exception cref="OperatorException">No successor signs yet.</exception>
    IReadOnlyList<AuthorityLine> Retire(DataFolder data);
}

/// <summary>One authority that agents should trust.</summary>
/// <param name="Fingerprint">SHA-256 of its certificate, in hex.</param>
/// <param name="Signs">Whether it signs leaves now.</param>
/// <param name="SignsFrom">From when on it does.</param>
/// <param name="ValidUntil">The end of its certificate.</param>
internal sealed record AuthorityLine(string Fingerprint, bool Signs, DateTimeOffset SignsFrom, DateTimeOffset ValidUntil);
