using SmartProxy.Protocol;

namespace SmartProxy.Ledger.Tests;

/// <summary>Changes to a request that keep it in agreement with itself.</summary>
internal static class Requests
{
    public static ReserveRequest At(this ReserveRequest request, string origin = "https://api.example", string method = "GET", string path = "/search", string? merchant = "exa")
    {
        _ = Origin.TryParse(origin, out var parsed);
        return request with
        {
            Facts = request.Facts with { Origin = parsed, Method = method, Path = path, Merchant = merchant },
            Context = request.Context with { Origin = parsed, Method = method, Path = path },
        };
    }

    public static ReserveRequest With(this ReserveRequest request, ApprovalGuard? approval = null, PriceDriftGuard? drift = null, LoopGuard? loop = null, BreakerGuard? breaker = null) =>
        request with { Guards = new PaymentGuards(approval, drift, loop, breaker) };

    /// <summary>Another attempt at the same payment.</summary>
    public static ReserveRequest Again(this ReserveRequest request, Books books)
    {
        var fresh = books.Request("0.01", []);
        return request with { Id = fresh.Id, Secret = fresh.Secret, LogicalRequest = fresh.LogicalRequest, Terms = request.Terms with { ValidBefore = fresh.Terms.ValidBefore } };
    }

    public static ApprovalGuard Asks(bool above = false, bool recipient = false, bool host = false, bool drift = false) =>
        new("policies.research.approval", above, recipient, host, drift, TimeSpan.FromSeconds(30), TimeSpan.FromHours(1));
}
