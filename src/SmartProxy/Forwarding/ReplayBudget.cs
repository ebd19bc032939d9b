using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using SmartProxy.Options;
using SmartProxy.Protocol;

namespace SmartProxy.Forwarding;

/// <summary>
/// Memory for retained request bodies, in bytes: one sum for all, and in it a share for each agent, so that none holds it all. What is over
/// passes without being retained. Shares are kept by name; names come from credentials, so there are no more than agents.
/// </summary>
internal sealed class ReplayBudget(IOptions<UpstreamOptions> options)
{
    private readonly ConcurrentDictionary<AgentId, Share> _shares = new();
    private readonly long _shareBytes = options.Value.ReplayAgentBytes;
    private readonly Pot _all = new(options.Value.ReplayBudgetBytes);

    /// <summary>Bytes that are free now.</summary>
    public long Left => _all.Left;

    public Share Of(AgentId agent) => _shares.GetOrAdd(agent, static (_, budget) => new Share(budget._all, budget._shareBytes), this);

    /// <summary>One agent's part.</summary>
    internal sealed class Share
    {
        private readonly Pot _all;
        private readonly Pot _own;

        internal Share(Pot all, long bytes) => (_all, _own) = (all, new Pot(bytes));

        public bool TryTake(int bytes)
        {
            if (!_own.TryTake(bytes))
            {
                return false;
            }

            if (_all.TryTake(bytes))
            {
                return true;
            }

            _own.Give(bytes);
            return false;
        }

        public void Give(int bytes)
        {
            _own.Give(bytes);
            _all.Give(bytes);
        }
    }

    internal sealed class Pot(long bytes)
    {
        private long _left = bytes;

        public long Left => Interlocked.Read(ref _left);

        public bool TryTake(int bytes)
        {
            if (Interlocked.Add(ref _left, -bytes) >= 0)
            {
                return true;
            }

            Give(bytes);
            return false;
        }

        public void Give(int bytes) => Interlocked.Add(ref _left, bytes);
    }
}
