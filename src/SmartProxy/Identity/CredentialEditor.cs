using SmartProxy.Installation;
using SmartProxy.Protocol;
using SmartProxy.Text;

namespace SmartProxy.Identity;

/// <summary>What the operator does with tokens: add, rotate, revoke.</summary>
internal sealed class CredentialEditor(CredentialFile file, TimeProvider time, IRandomSource random)
{
    private static readonly TimeSpan KeepExpired = TimeSpan.FromDays(7);

    /// <summary>A new token for the agent; its other tokens stay in force.</summary>
    public AgentToken Add(AgentId agent, string? note = null, TimeSpan? validity = null)
    {
        var token = AgentToken.Create(random);
        file.Change(tokens => [.. tokens.Where(IsWorthKeeping), Store(agent, token, note, validity)], time);
        return token;
    }

    /// <summary>A new token; the agent's other tokens end after <paramref name="grace"/>, or earlier where they would anyway.</summary>
    public AgentToken Rotate(AgentId agent, TimeSpan grace)
    {
        var token = AgentToken.Create(random);
        var end = time.GetUtcNow() + grace;
        file.Change(tokens =>
        {
            RequireTokens(tokens, agent);
            return [.. tokens.Select(old => old.Agent == agent ? EndBy(old, end) : old), Store(agent, token, "rotated", validity: null)];
        }, time);
        return token;
    }

    /// <summary>Ends all tokens of the agent, or the one by its id. Returns how many.</summary>
    public int Revoke(AgentId agent, string? tokenId = null)
    {
        var revoked = 0;
        file.Change(tokens =>
        {
            RequireTokens(tokens, agent);
            var kept = tokens.Where(token => token.Agent != agent || (tokenId is not null && token.Id != tokenId)).ToArray();
            revoked = tokens.Count - kept.Length;
            return revoked > 0
                ? kept
                : throw new OperatorException($"agent `{agent}` has no token `{Printable.Line(tokenId, 40)}`; see `smartproxy agent list`", OperatorException.Failed);
        }, time);
        return revoked;
    }

    // Those that ended are listed for a while, and then make room.
    private bool IsWorthKeeping(StoredToken token) => !token.IsExpired(time.GetUtcNow() - KeepExpired);

    private StoredToken Store(AgentId agent, AgentToken token, string? note, TimeSpan? validity)
    {
        var now = time.GetUtcNow();
        return new StoredToken(token.Id, agent, new Bytes32(AgentToken.HashOf(token.Reveal())), now, now + validity, note);
    }

    private static StoredToken EndBy(StoredToken token, DateTimeOffset end) => token.Expires <= end ? token : token with { Expires = end };

    private static void RequireTokens(IReadOnlyList<StoredToken> tokens, AgentId agent)
    {
        if (!tokens.Any(token => token.Agent == agent))
        {
            throw new OperatorException($"agent `{agent}` has no token; see `smartproxy agent list`, or run `smartproxy agent add {agent}`", OperatorException.Failed);
        }
    }
}
