using Microsoft.Extensions.Options;
using SmartProxy.Forwarding.Bodies;
using SmartProxy.Forwarding.Headers;
using SmartProxy.Forwarding.Origins;
using SmartProxy.Options;
using Yarp.ReverseProxy.Forwarder;

namespace SmartProxy.Forwarding.Attempts;

/// <summary>What every attempt needs and shares.</summary>
internal sealed class ForwardingParts(IHttpForwarder forwarder, UpstreamClient client, ChargingOrigins charging, Via via, ReplayBudget budget, MessageBudget messages, OpenRequests open, IOptions<UpstreamOptions> options)
{
    public IHttpForwarder Forwarder => forwarder;

    public UpstreamClient Client => client;

    public ChargingOrigins Charging => charging;

    public Via Via => via;

    public ReplayBudget Budget => budget;

    public MessageBudget Messages => messages;

    public OpenRequests Open => open;

    public int ReplayBytes { get; } = options.Value.ReplayBytes;

    public TimeSpan TermsTime { get; } = TimeSpan.FromSeconds(options.Value.TermsSeconds);

    public TimeSpan DrainTime { get; } = TimeSpan.FromSeconds(options.Value.DrainSeconds);

    /// <summary>How long a body may take that has to be known before a decision.</summary>
    public TimeSpan BodyTime { get; } = TimeSpan.FromSeconds(options.Value.BodySeconds);

    public ForwarderRequestConfig Unpaid { get; } = new() { ActivityTimeout = TimeSpan.FromSeconds(options.Value.ActivitySeconds) };

    public ForwarderRequestConfig Paid { get; } = new() { ActivityTimeout = TimeSpan.FromSeconds(options.Value.PaidActivitySeconds) };
}
