using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using SmartProxy.Protocol;

namespace SmartProxy.Identity;

/// <summary>
/// Knows agents by their tokens. Every question costs the same: one hash and one comparison in constant time, whether the token is missing,
/// unknown, wrong, expired or right. Four times a second it takes in changes, so that a revoked token ends its tunnels within one second.
/// </summary>
internal sealed class AgentAuthenticator : IAgentAuthenticator, IDisposable
{
    /// <summary>How often changes of the file and of the policy are taken in.</summary>
    public static readonly TimeSpan RefreshPeriod = TimeSpan.FromMilliseconds(250);

    private const int MaxHeaderLength = 1024;

    // What a person thinks up is guessed; what a program makes is longer.
    private const int MinDeclaredLength = 32;
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private readonly CredentialStore _store;
    private readonly Func<AgentId, IReadOnlyList<string>> _declaredHashes;
    private readonly byte[] _noHash = RandomNumberGenerator.GetBytes(Bytes32.Length);
    private readonly ConcurrentDictionary<(AgentId Agent, string Hash), LiveToken> _declared = [];
    private readonly ITimer _timer;

    /// <param name="store">The tokens of <c>credentials.json</c>.</param>
    /// <param name="declaredHashes">An agent's <c>tokenHashes</c> in the policy in force: hex, with or without <c>sha256:</c>.</param>
    /// <param name="time">The clock.</param>
    public AgentAuthenticator(CredentialStore store, Func<AgentId, IReadOnlyList<string>> declaredHashes, TimeProvider time)
    {
        (_store, _declaredHashes) = (store, declaredHashes);
        _timer = time.CreateTimer(_ => Refresh(), null, RefreshPeriod, RefreshPeriod);
    }

    public AgentIdentity? Authenticate(string? proxyAuthorization)
    {
        var (user, token) = Read(proxyAuthorization);
        return Verify(token, user);
    }

    /// <summary>Judges a bare token, as <c>Smart-Proxy-Token</c> or <c>Authorization: Bearer</c> carry it on our own endpoints.</summary>
    /// <param name="token">The token's text; null for a request without one.</param>
    /// <param name="user">The user name that came with it, which must then be the token's agent.</param>
    public AgentIdentity? Verify(string? token, string? user = null)
    {
        var text = token is { Length: <= AgentToken.MaxLength } ? token : "";
        var hash = AgentToken.HashOf(text);
        if (Match(text, hash, user) is { } identity)
        {
            return identity;
        }

        // A token that was made a moment ago, by `env` say, is used at once. Whatever fails, fails after the same look at the file.
        if (_store.MayHaveChanged())
        {
            _store.Refresh();
        }

        // INVARIANT: matched again in any case, for the timer may have taken the change in since the first look.
        return Match(text, hash, user);
    }

    public void Dispose() => _timer.Dispose();

    private AgentIdentity? Match(string text, byte[] hash, string? user)
    {
        var live = _store.Find(AgentToken.IdOf(text));
        var matches = CryptographicOperations.FixedTimeEquals(hash, live?.Hash ?? _noHash);
        if (matches && live is not null && (user is null || user == live.Stored.Agent.Value))
        {
            return live.Identity;
        }

        return text.Length < MinDeclaredLength ? null : FindDeclared(user, hash);
    }

    // A declared token has no lookup id: the user name says whose hashes to compare with.
    private AgentIdentity? FindDeclared(string? user, byte[] hash)
    {
        if (!AgentId.TryParse(user, out var agent))
        {
            return null;
        }

        string? found = null;
        foreach (var declared in _declaredHashes(agent))
        {
            found = TryReadHash(declared, out var expected) && CryptographicOperations.FixedTimeEquals(hash, expected) ? declared : found;
        }

        return found is null ? null : _declared.GetOrAdd((agent, found), Declare, hash).Identity;
    }

    private static LiveToken Declare((AgentId Agent, string Hash) key, byte[] hash)
    {
        var id = "policy:" + Convert.ToHexStringLower(hash.AsSpan(0, 4));
        return new LiveToken(new StoredToken(id, key.Agent, new Bytes32(hash), default, Expires: null, Note: "declared in the policy"));
    }

    private void Refresh()
    {
        _store.Refresh();
        foreach (var (key, live) in _declared)
        {
            if (!_declaredHashes(key.Agent).Contains(key.Hash) && _declared.TryRemove(key, out _))
            {
                live.End();
            }
        }
    }

    private static bool TryReadHash(string declared, out byte[] hash)
    {
        var digits = declared.StartsWith("sha256:", StringComparison.Ordinal) ? declared["sha256:".Length..] : declared;
        var read = Bytes32.TryParse("0x" + digits, out var value);
        hash = value.ToArray();
        return read;
    }

    private static (string? User, string? Token) Read(string? header)
    {
        if (header is not { Length: <= MaxHeaderLength } || !AuthenticationHeaderValue.TryParse(header, out var value))
        {
            return default;
        }

        return value.Scheme.ToUpperInvariant() switch
        {
            "BEARER" => (null, value.Parameter),
            "BASIC" => ReadBasic(value.Parameter),
            _ => default,
        };
    }

    // RFC 7617: user name up to the first colon. A user name is required, so that a token alone is never taken for the policy's.
    private static (string? User, string? Token) ReadBasic(string? parameter)
    {
        try
        {
            var pair = StrictUtf8.GetString(Convert.FromBase64String(parameter ?? ""));
            var colon = pair.IndexOf(':', StringComparison.Ordinal);
            return colon < 0 ? default : (pair[..colon], pair[(colon + 1)..]);
        }
        catch (Exception fault) when (fault is FormatException or ArgumentException)
        {
            return default;
        }
    }
}
