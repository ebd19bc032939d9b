using SmartProxy.Protocol;

namespace SmartProxy.Identity;

/// <summary>What <c>credentials.json</c> keeps of a token: enough to recognise it, not enough to use it.</summary>
/// <param name="Id">The lookup id.</param>
/// <param name="Agent">Whose it is.</param>
/// <param name="Hash">SHA-256 of its text.</param>
/// <param name="Created">When it was made.</param>
/// <param name="Expires">When it stops working, or null.</param>
/// <param name="Note">What it is for, in the operator's words: <c>env</c>, <c>ci</c>.</param>
internal sealed record StoredToken(string Id, AgentId Agent, Bytes32 Hash, DateTimeOffset Created, DateTimeOffset? Expires, string? Note)
{
    public bool IsExpired(DateTimeOffset now) => Expires is { } end && now >= end;
}
