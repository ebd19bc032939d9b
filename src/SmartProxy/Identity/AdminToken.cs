using System.Security.Cryptography;
using System.Text;
using SmartProxy.Installation;
using SmartProxy.Protocol;

namespace SmartProxy.Identity;

/// <summary>The operator's secret for the admin API: <c>spa_</c> and 256 random bits. It can't use the proxy, and no agent token can stand in for it.</summary>
internal sealed class AdminToken
{
    public const string Prefix = "spa_";

    private readonly string _text;
    private readonly byte[] _hash;

    private AdminToken(string text) => (_text, _hash) = (text, AgentToken.HashOf(text));

    /// <summary>Makes <c>admin-token</c>; fails when there is one.</summary>
    public static AdminToken Create(string path, IRandomSource random)
    {
        var text = Prefix + AgentToken.Secret(random);
        PrivateFile.WriteNew(path, Encoding.ASCII.GetBytes(text + "\n"));
        return new AdminToken(text);
    }

    /// <exception cref="OperatorException">The file is missing, open to others, or holds something else.</exception>
    public static AdminToken Load(string path)
    {
        var text = Encoding.ASCII.GetString(PrivateFile.Read(path, "restore it from a backup: `init` made it")).Trim();
        return text.StartsWith(Prefix, StringComparison.Ordinal) && text.Length >= 32
            ? new AdminToken(text)
            : throw new OperatorException($"expected an admin token (`{Prefix}…`) in `{path}`; restore it from a backup");
    }

    /// <summary>Compares in constant time.</summary>
    public bool Matches(string? candidate) =>
        CryptographicOperations.FixedTimeEquals(AgentToken.HashOf(candidate is { Length: <= AgentToken.MaxLength } ? candidate : ""), _hash);

    /// <summary>The secret itself, for <c>run.json</c> and for the CLI's own calls.</summary>
    public string Reveal() => _text;

    public override string ToString() => "admin token (secret)";
}
