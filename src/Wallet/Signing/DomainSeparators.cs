using System.Collections.Concurrent;
using SmartProxy.Protocol;

namespace SmartProxy.Wallet.Signing;

/// <summary>
/// Domain separators already computed. Their domains come from the operator's asset registry, so there are few; past
/// <see cref="Capacity"/> they are computed each time and not kept.
/// </summary>
internal sealed class DomainSeparators
{
    internal const int Capacity = 1024;

    private readonly ConcurrentDictionary<(string Name, string Version, ChainId Chain, EvmAddress Contract), Bytes32> _known = new();

    public Bytes32 Of(TransferTerms terms)
    {
        var domain = (terms.DomainName, terms.DomainVersion, terms.Chain, terms.Asset);
        if (_known.TryGetValue(domain, out var separator))
        {
            return separator;
        }

        separator = TransferWithAuthorization.DomainSeparator(terms);
        if (_known.Count < Capacity)
        {
            _known.TryAdd(domain, separator);
        }

        return separator;
    }
}
