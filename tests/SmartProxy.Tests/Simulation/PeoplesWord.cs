using SmartProxy.Protocol;

namespace SmartProxy.Tests.Simulation;

/// <summary>A person agreed to one payment, as it was shown.</summary>
/// <param name="Agent">Whose.</param>
/// <param name="Request">Method, origin and path.</param>
/// <param name="PayTo">To whom.</param>
/// <param name="Amount">Token units.</param>
/// <param name="Ends">Until when.</param>
internal sealed record Agreement(string Agent, string Request, EvmAddress PayTo, string Amount, DateTimeOffset Ends);

/// <summary>Room beyond the limits of one pot.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Pot">Whose limits on dollars.</param>
/// <param name="Seller">Only for payments to this one, or null.</param>
/// <param name="Most">Micro-dollars, over all payments together.</param>
/// <param name="Ends">Until when.</param>
internal sealed record Grant(PaymentId Id, string Pot, string? Seller, ulong Most, DateTimeOffset Ends)
{
    /// <summary>From which reservation on it was taken back.</summary>
    public int RevokedFrom { get; set; } = int.MaxValue;
}

/// <summary>The part of the naive model that knows what people said. It believes in their favour whatever may have been recorded.</summary>
internal sealed class PeoplesWord
{
    private readonly List<Agreement> _agreements = [];
    private readonly List<Grant> _grants = [];

    public Grant? LatestGrant => _grants.LastOrDefault();

    public void Agree(Agreement agreement) => _agreements.Add(agreement);

    public void Give(Grant grant) => _grants.Add(grant);

    /// <summary>Uses up an agreement to exactly this; false when there is none.</summary>
    public bool Uses(Purchase purchase, TransferTerms terms, DateTimeOffset at)
    {
        var request = $"{purchase.Method} https://{purchase.Seller}.test{purchase.Path}";
        var agreed = _agreements.Find(word => (word.Agent, word.Request, word.PayTo, word.Amount) == (purchase.Agent, request, terms.To, terms.Value.ToString()) && at < word.Ends);
        return agreed is not null && _agreements.Remove(agreed);
    }

    /// <summary>The most by which one payment may exceed a pot's limits now: all grants that are in force for it.</summary>
    public ulong InForce(string pot, Purchase purchase, int order, DateTimeOffset at) =>
        Sum(_grants.Where(grant => grant.Pot == pot && (grant.Seller ?? purchase.Seller) == purchase.Seller && at < grant.Ends && order < grant.RevokedFrom));

    /// <summary>The most by which all payments of all times together may exceed a pot's limits.</summary>
    public ulong Ever(string pot) => Sum(_grants.Where(grant => grant.Pot == pot));

    private static ulong Sum(IEnumerable<Grant> grants) => grants.Aggregate(0UL, (sum, grant) => sum + grant.Most);
}
