using SmartProxy.Protocol;

namespace SmartProxy.Demo;

/// <summary>
/// One token contract of a chain that exists only in memory: balances and used nonces, and the rules by which EIP-3009 lets an authorization
/// move money. Signatures are really checked.
/// </summary>
/// <param name="token">The token, as our asset registry states it.</param>
/// <param name="recover">Who signed an authorization; null for a signature that is none.</param>
/// <param name="time">The chain's clock.</param>
internal sealed class SimulatedChain(Asset token, Func<TransferAuthorization, string, EvmAddress?> recover, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<EvmAddress, TokenAmount> _balances = [];
    private readonly HashSet<(EvmAddress From, Bytes32 Nonce)> _used = [];

    public Asset Token { get; } = token;

    public TokenAmount BalanceOf(EvmAddress account)
    {
        lock (_gate)
        {
            return _balances.GetValueOrDefault(account);
        }
    }

    public void Fund(EvmAddress account, TokenAmount amount)
    {
        lock (_gate)
        {
            _balances[account] = new TokenAmount(_balances.GetValueOrDefault(account).Units + amount.Units);
        }
    }

    /// <summary>Why the contract would revert; null when the transfer would go through now.</summary>
    public string? Objection(TransferAuthorization authorization, string signature)
    {
        lock (_gate)
        {
            return FindObjection(authorization, signature);
        }
    }

    /// <summary>Executes the authorization, at most once. Null when it went through.</summary>
    public string? Transfer(TransferAuthorization authorization, string signature)
    {
        lock (_gate)
        {
            if (FindObjection(authorization, signature) is { } objection)
            {
                return objection;
            }

            var terms = authorization.Terms;
            _used.Add((terms.From, authorization.Nonce));
            _balances[terms.From] = new TokenAmount(_balances[terms.From].Units - terms.Value.Units);
            _balances[terms.To] = new TokenAmount(_balances.GetValueOrDefault(terms.To).Units + terms.Value.Units);
            return null;
        }
    }

    /// <summary>Uses a nonce up without moving anything, as EIP-3009 <c>cancelAuthorization</c> does for the payer. False when it was used before.</summary>
    public bool Cancel(EvmAddress from, Bytes32 nonce)
    {
        lock (_gate)
        {
            return _used.Add((from, nonce));
        }
    }

    private string? FindObjection(TransferAuthorization authorization, string signature)
    {
        var terms = authorization.Terms;
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        return terms switch
        {
            _ when terms.Chain != Token.Chain || terms.Asset != Token.Address => "another token",
            _ when now <= terms.ValidAfter => "authorization is not yet valid",
            _ when now >= terms.ValidBefore => "authorization is expired",
            _ when _used.Contains((terms.From, authorization.Nonce)) => "authorization is used",
            _ when recover(authorization, signature) != terms.From => "invalid signature",
            _ when _balances.GetValueOrDefault(terms.From) < terms.Value => "transfer amount exceeds balance",
            _ => null,
        };
    }
}
