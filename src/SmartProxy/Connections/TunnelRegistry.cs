using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SmartProxy.Identity;
using SmartProxy.Options;
using SmartProxy.Policies;
using SmartProxy.Protocol;

namespace SmartProxy.Connections;

/// <summary>All open tunnels: counted per agent, ended when their token or their treatment changes, and visible to the operator.</summary>
internal sealed partial class TunnelRegistry : IDisposable
{
    private readonly IPolicyView _policy;
    private readonly TimeProvider _time;
    private readonly ILogger<TunnelRegistry> _logger;
    private readonly int _perAgent;
    private readonly HashSet<HostName> _passthrough;
    private readonly ConcurrentDictionary<Tunnel, CancellationTokenRegistration> _open = new();
    private readonly ConcurrentDictionary<AgentId, int> _counts = new();

    public TunnelRegistry(IPolicyView policy, IOptions<ConnectionOptions> options, TimeProvider time, ILogger<TunnelRegistry> logger)
    {
        (_policy, _time, _logger, _perAgent) = (policy, time, logger, options.Value.MaxTunnelsPerAgent);
        _passthrough = [.. options.Value.Passthrough.Select(Parse)];
        policy.Changed += EndChanged;
    }

    /// <summary>The tunnels that are open now.</summary>
    public ICollection<Tunnel> Open => _open.Keys;

    /// <summary>Opens a tunnel as the policy says. Null when the agent has too many.</summary>
    public Tunnel? TryOpen(AgentIdentity identity, HostName host, int port, TunnelTreatment treatment)
    {
        if (_counts.AddOrUpdate(identity.Agent, 1, static (_, count) => count + 1) > _perAgent)
        {
            Release(identity.Agent);
            return null;
        }

        var tunnel = new Tunnel(identity, host, port, treatment, _passthrough.Contains(host), _time.GetUtcNow());
        _open[tunnel] = identity.Ended.UnsafeRegister(static state => ((Tunnel)state!).End(), tunnel);

        // The policy may have changed between its answer and the line above.
        if (_policy.Treat(identity.Agent, host, port) != treatment)
        {
            tunnel.End();
        }

        if (tunnel.IsBlind)
        {
            LogBlind(identity.Agent, host, port);
        }

        return tunnel;
    }

    public void Close(Tunnel tunnel)
    {
        if (_open.TryRemove(tunnel, out var registration))
        {
            registration.Dispose();
            Release(tunnel.Identity.Agent);
            tunnel.Dispose();
        }
    }

    public void Dispose() => _policy.Changed -= EndChanged;

    private void EndChanged()
    {
        foreach (var tunnel in _open.Keys)
        {
            if (_policy.Treat(tunnel.Identity.Agent, tunnel.Host, tunnel.Port) != tunnel.Treatment)
            {
                tunnel.End();
            }
        }
    }

    private void Release(AgentId agent) => _counts.AddOrUpdate(agent, 0, static (_, count) => count - 1);

    private static HostName Parse(string text, int index) =>
        HostName.TryParse(text, out var host)
            ? host
            : throw new InvalidDataException($"SmartProxy:Connections:Passthrough[{index}]: expected a host name, found `{text}`");

    [LoggerMessage(EventId = 1201, Level = LogLevel.Information, Message = "Blind tunnel of {Agent} to {Host}:{Port}: not inspected, the policy could not pay")]
    private partial void LogBlind(AgentId agent, HostName host, int port);
}
