using SmartProxy.Identity;
using SmartProxy.Protocol;

namespace SmartProxy.Payments;

/// <summary>Refuses requests that carry payment credentials of the agent's own: nothing is paid around the policy.</summary>
internal interface IPaymentGuard
{
    /// <summary>
    /// Whether bodies of type <c>application/json</c> up to 64 KiB are to be read before the request goes out (payments also travel inside
    /// JSON-RPC). Asked once per request with such a body.
    /// </summary>
    bool WantsJsonBody(AgentIdentity identity, Origin origin);

    /// <summary>Judges a request before its first attempt. Null lets it pass.</summary>
    /// <param name="identity">Who asks.</param>
    /// <param name="origin">Where the request goes.</param>
    /// <param name="headers">The agent's headers, as received.</param>
    /// <param name="jsonBody">The whole body where it was wanted, is JSON and has at most 64 KiB; empty otherwise.</param>
    Refusal? Check(AgentIdentity identity, Origin origin, IHeaderDictionary headers, ReadOnlyMemory<byte> jsonBody);

    /// <summary>The form of a payment inside a WebSocket message of the agent, or null.</summary>
    string? FindInMessage(ReadOnlyMemory<byte> message);
}
