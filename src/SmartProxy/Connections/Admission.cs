using Microsoft.Extensions.Options;
using SmartProxy.Forwarding;
using SmartProxy.Options;
using SmartProxy.Payments;
using SmartProxy.Protocol;

namespace SmartProxy.Connections;

/// <summary>
/// Who may come in now. An agent that holds its share of something is told so with 429 and nobody else notices; when all is taken, or memory is
/// short, whoever comes next is asked to wait with 503. What is under way goes on.
/// </summary>
internal sealed class Admission(MemoryWatch memory, IOptions<ConnectionOptions> options)
{
    private const int WaitSeconds = 5;

    private readonly AgentQuota _tunnels = AgentQuota.Fair(OpenFiles.Bound(options.Value.MaxTunnels), options.Value.MaxTunnelsPerAgent);
    private readonly AgentQuota _requests = AgentQuota.Fair(OpenFiles.Bound(options.Value.MaxRequests), options.Value.MaxRequestsPerAgent);

    public static Refusal Overloaded { get; } = new(503, "overloaded", "the proxy has as much to do as it may; try again after Retry-After") { RetryAfterSeconds = WaitSeconds };

    /// <summary>What is said to who holds its share, and should come again.</summary>
    public static Refusal Later(Refusal refusal) => refusal with { RetryAfterSeconds = WaitSeconds };

    /// <summary>Lets a tunnel in, or says why not. Who was let in calls <see cref="TunnelEnded"/>.</summary>
    public Refusal? Tunnel(ConnectionSlot? slot, AgentId agent) =>
        Name(slot, agent) ?? Take(_tunnels.Of(agent), Later(new Refusal(429, "too_many_tunnels", "this agent has too many open tunnels; close some and try again")));

    public void TunnelEnded(AgentId agent) => _tunnels.Of(agent).Give(1);

    /// <summary>Serves a request of an agent in a place of its own, or says why not.</summary>
    public async Task RequestAsync(HttpContext context, AgentId agent, Func<Task> serve)
    {
        if (Request(context.Features.Get<ConnectionSlot>(), agent) is { } refusal)
        {
            await Problem.AnswerAsync(context, refusal);
            return;
        }

        try
        {
            await serve();
        }
        finally
        {
            _requests.Of(agent).Give(1);
        }
    }

    private Refusal? Request(ConnectionSlot? slot, AgentId agent) =>
        Name(slot, agent) ?? Take(_requests.Of(agent), Later(new Refusal(429, "too_many_requests", "this agent has too many requests under way; wait for some and try again")));

    private static Refusal? Name(ConnectionSlot? slot, AgentId agent) => slot?.TryName(agent) != false
        ? null
        : Later(new Refusal(429, "too_many_connections", "this agent has too many connections; close some and try again"));

    private Refusal? Take(AgentQuota.Share share, Refusal whenFull) =>
        memory.IsShort ? Overloaded
        : share.TryTake(1) ? null
        : share.IsFull ? whenFull
        : Overloaded;
}
