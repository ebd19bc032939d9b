using Microsoft.Extensions.Options;
using SmartProxy.Connections;
using SmartProxy.Options;

namespace SmartProxy.Forwarding.Bodies;

/// <summary>Memory for retained request bodies, in bytes. What is over passes without being retained: it is never refused, only not replayable.</summary>
internal sealed class ReplayBudget(IOptions<UpstreamOptions> options) : AgentQuota(options.Value.ReplayBudgetBytes, options.Value.ReplayAgentBytes);
