using System.Diagnostics;
using Microsoft.Extensions.Time.Testing;
using SmartProxy.Chain;
using SmartProxy.Demo;
using SmartProxy.Protocol;
using SmartProxy.Tests.Chain;
using SmartProxy.Tests.Payments;

namespace SmartProxy.Tests.Simulation;

/// <summary>A token on a chain with its own time: it moves money by the rules of EIP-3009, in blocks that become final later, and nodes tell of it.</summary>
internal sealed class SimulatedMint
{
    public static readonly ChainId Id = new(84532);

    public static readonly Asset Usdc = AssetRegistry.Default.TryFind(Id, FlowKit.Usdc, out var usdc) ? usdc! : throw new UnreachableException();

    private readonly FakeTimeProvider _time;
    private readonly SimulatedChain _token;
    private readonly FakeChain _blocks;
    private readonly Promises _promises;
    private readonly Func<DateTimeOffset> _local;

    public SimulatedMint(DateTimeOffset start, Func<TransferAuthorization, string, EvmAddress?> recover, EvmAddress payer, Promises promises, Func<DateTimeOffset> local, int nodes)
    {
        (_promises, _local, _time) = (promises, local, new FakeTimeProvider(start));
        _token = new SimulatedChain(Usdc, recover, _time);
        _token.Fund(payer, new TokenAmount(1_000_000_000));
        _blocks = new FakeChain(start);
        Nodes = [.. Enumerable.Range(0, nodes).Select(_ => new FakeNode(_blocks))];
        Pass(TimeSpan.Zero, blocks: 4);
    }

    public IReadOnlyList<FakeNode> Nodes { get; }

    /// <summary>Unix seconds.</summary>
    public long Now => _time.GetUtcNow().ToUnixTimeSeconds();

    public AgreedChain Connect() => new(Id, [.. Nodes.Select((node, index) => node.Rpc($"node{index}"))], confirmations: null);

    public void Pass(TimeSpan time, int blocks)
    {
        _time.Advance(time);
        for (var i = 0; i < blocks; i++)
        {
            _blocks.Mine(_time.GetUtcNow());
        }
    }

    /// <summary>Somebody who has a signature hands it in. Why the contract refuses, or null.</summary>
    public string? Settle(TransferAuthorization authorization, string signature)
    {
        if (_token.Transfer(authorization, signature) is { } objection)
        {
            return objection;
        }

        _promises.Charge(authorization, Now, _local());
        _blocks.Use(authorization);
        _blocks.Mine(_time.GetUtcNow());
        return null;
    }

    /// <summary>The payer cancels, elsewhere.</summary>
    public bool Cancel(TransferAuthorization authorization) => Burn(authorization, _blocks.Cancel);

    /// <summary>A contract that misbehaves: it says that an authorization was used, and moves nothing.</summary>
    public bool Misreport(TransferAuthorization authorization) => Burn(authorization, _blocks.UseOnly);

    private bool Burn(TransferAuthorization authorization, Action<TransferAuthorization> tell)
    {
        if (!_token.Cancel(authorization.Terms.From, authorization.Nonce))
        {
            return false;
        }

        tell(authorization);
        _blocks.Mine(_time.GetUtcNow());
        return true;
    }
}
