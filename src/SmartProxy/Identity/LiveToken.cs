using System.Diagnostics.CodeAnalysis;

namespace SmartProxy.Identity;

/// <summary>A token in force, and the signal that it is not any more.</summary>
[SuppressMessage("Design", "CA1001", Justification = "the source is held by tunnels that may outlive the token, and without a timer it holds nothing")]
internal sealed class LiveToken
{
    private readonly CancellationTokenSource _ended = new();

    public LiveToken(StoredToken stored)
    {
        Stored = stored;
        Hash = stored.Hash.ToArray();
        Identity = new AgentIdentity(stored.Agent, _ended.Token);
    }

    /// <summary>As the file states it; its expiry may have moved since this token came into force.</summary>
    public StoredToken Stored { get; private set; }

    public byte[] Hash { get; }

    public AgentIdentity Identity { get; }

    /// <summary>Whether <paramref name="token"/> is this one, possibly with another expiry or note. Then those are taken over.</summary>
    public bool Continues(StoredToken token)
    {
        var same = token.Agent == Stored.Agent && token.Hash == Stored.Hash && !_ended.IsCancellationRequested;
        Stored = same ? token : Stored;
        return same;
    }

    /// <summary>Tells everybody; their callbacks run elsewhere, so that none of them can hold up or break the others.</summary>
    public void End() => _ = _ended.CancelAsync();
}
