using SmartProxy.Identity;
using SmartProxy.Policies;
using SmartProxy.Protocol;

namespace SmartProxy.Connections;

/// <summary>One open tunnel.</summary>
/// <param name="identity">Whose it is, for as long as it is open.</param>
/// <param name="host">The CONNECT host.</param>
/// <param name="port">The CONNECT port.</param>
/// <param name="treatment">What the policy said when it was opened; another answer ends the tunnel.</param>
/// <param name="isPassthrough">Blind by the operator's setting, not by the policy.</param>
/// <param name="since">When it was opened.</param>
/// <param name="ended">Fires by itself when it has been open for too long.</param>
internal sealed class Tunnel(
    AgentIdentity identity, HostName host, int port, TunnelTreatment treatment, bool isPassthrough, DateTimeOffset since, CancellationTokenSource ended)
    : ITunnelFeature, IDisposable
{
    public AgentIdentity Identity => identity;

    public HostName Host => host;

    public int Port => port;

    public bool IsTls { get; set; }

    public TunnelTreatment Treatment => treatment;

    /// <summary>Whether its bytes are relayed unseen.</summary>
    public bool IsBlind => isPassthrough || treatment == TunnelTreatment.Blind;

    public DateTimeOffset Since => since;

    /// <summary>Fires when the tunnel has to end: revoked, treated otherwise by a new policy, or open for too long.</summary>
    public CancellationToken Ended => ended.Token;

    public void End()
    {
        try
        {
            ended.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has ended by itself meanwhile.
        }
    }

    public void Dispose() => ended.Dispose();
}
