using System.Net;
using Microsoft.Extensions.Options;
using SmartProxy.Connections;
using SmartProxy.Options;
using SmartProxy.Protocol;

namespace SmartProxy.Forwarding.Targets;

/// <summary>
/// Asks the system's resolver. Each question holds a thread for as long as a name's servers are silent, so the threads are our own and counted: so
/// many for all, and in them a share for each agent. What an agent asks twice at once is asked once.
/// </summary>
/// <param name="options">How many may run.</param>
/// <param name="resolve">Resolves a name, and blocks until it has.</param>
internal sealed class NameLookups(IOptions<UpstreamOptions> options, Func<string, IPAddress[]> resolve)
{
    private readonly AgentQuota _places = AgentQuota.Fair(options.Value.MaxLookups, options.Value.MaxLookupsPerAgent);
    private readonly Dictionary<(AgentId Agent, HostName Host), Task<IPAddress[]>> _running = [];
    private readonly Lock _gate = new();

    /// <summary>The addresses of a name. Whoever waits may leave; the place is free when the resolver has come back.</summary>
    /// <exception cref="DestinationException">The agent, or all together, ask for as many names as they may.</exception>
    public Task<IPAddress[]> ResolveAsync(AgentId agent, HostName host)
    {
        lock (_gate)
        {
            if (!_running.TryGetValue((agent, host), out var lookup))
            {
                lookup = Start(agent, host);
                _running.Add((agent, host), lookup);
            }

            return lookup;
        }
    }

    private Task<IPAddress[]> Start(AgentId agent, HostName host)
    {
        var share = _places.Of(agent);
        if (!share.TryTake(1))
        {
            throw new DestinationException(share.IsFull ? DestinationFailure.TooManyLookups : DestinationFailure.Overloaded, host);
        }

        try
        {
            // Long running: a thread that nobody else waits for.
            return Task.Factory.StartNew(() => Run(agent, host, share), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        catch (TaskSchedulerException e)
        {
            share.Give(1);
            throw new DestinationException(DestinationFailure.Overloaded, host, e);
        }
    }

    private IPAddress[] Run(AgentId agent, HostName host, AgentQuota.Share share)
    {
        try
        {
            return resolve(host.Value);
        }
        finally
        {
            lock (_gate)
            {
                _running.Remove((agent, host));
            }

            share.Give(1);
        }
    }
}
