using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using SmartProxy.Identity;
using SmartProxy.Options;
using SmartProxy.Policies;
using SmartProxy.Protocol;

namespace SmartProxy.Connections;

/// <summary>All open tunnels: ended when their token or their treatment changes or their time is over, and visible to the operator.</summary>
internal sealed partial class TunnelRegistry : IDisposable
{
    private readonly IPolicyView _policy;
    private readonly TimeProvider _time;
    private readonly ILogger<TunnelRegistry> _logger;
    private readonly Admission _admission;
    private readonly TimeSpan _lifetime;
    private readonly HashSet<HostName> _passthrough;
    private readonly ConcurrentDictionary<Tunnel, CancellationTokenRegistration> _open = new();

    public TunnelRegistry(IPolicyView policy, Admission admission, IOptions<ConnectionOptions> options, TimeProvider time, ILogger<TunnelRegistry> logger)
    {
        (_policy, _admission, _time, _logger, _lifetime) = (policy, admission, time, logger, TimeSpan.FromSeconds(options.Value.TunnelSeconds));
        _passthrough = [.. options.Value.Passthrough.Select(Parse)];
        policy.Changed += EndChanged;
    }

    /// <summary>The tunnels that are open now.</summary>
    public ICollection<Tunnel> Open => _open.Keys;

    /// <summary>Opens a tunnel as the policy says, for who was let in.</summary>
    public Tunnel Add(AgentIdentity identity, HostName host, int port, TunnelTreatment treatment)
    {
        var tunnel = new Tunnel(identity, host, port, treatment, _passthrough.Contains(host), _time.GetUtcNow(), new CancellationTokenSource(_lifetime, _time));
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
            _admission.TunnelEnded(tunnel.Identity.Agent);
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

    private static HostName Parse(string text, int index) =>
        HostName.TryParse(text, out var host)
            ? host
            : throw new InvalidDataException($"SmartProxy:Connections:Passthrough[{index}]: expected a host name, found `{text}`");

    [LoggerMessage(EventId = 1201, Level = LogLevel.Information, Message = "Blind tunnel of {Agent} to {Host}:{Port}: not inspected, the policy could not pay")]
    private partial void LogBlind(AgentId agent, HostName host, int port);
}
