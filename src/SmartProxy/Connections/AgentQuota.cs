using System.Collections.Concurrent;
using SmartProxy.Protocol;

namespace SmartProxy.Connections;

/// <summary>
/// A resource that runs out: so much of it for all, and in it a share for each agent, never more than half, so that none holds it all. Shares are
/// kept by name; names come from credentials, so there are no more than agents.
/// </summary>
/// <param name="all">How much there is, in the resource's own unit: connections, requests, bytes.</param>
/// <param name="perAgent">How much of it one agent may hold.</param>
internal class AgentQuota(long all, long perAgent)
{
    private readonly ConcurrentDictionary<AgentId, Share> _shares = new();
    private readonly Pot _all = new(all);

    /// <summary>What is free now.</summary>
    public long Left => _all.Left;

    /// <summary>What is held now.</summary>
    public long Taken => all - Left;

    /// <summary>Whether more than half of it is held.</summary>
    public bool IsHalfTaken => Taken > all / 2;

    /// <summary>The agent that holds most now; somebody must have asked for a share.</summary>
    public AgentId Largest => _shares.MaxBy(static share => share.Value.Taken).Key;

    public Share Of(AgentId agent) => _shares.GetOrAdd(agent, static (_, quota) => quota.NewShare(), this);

    private Share NewShare() => new(_all, Math.Min(perAgent, Math.Max(1, all / 2)));

    /// <summary>One agent's part.</summary>
    internal sealed class Share
    {
        private readonly Pot _all;
        private readonly Pot _own;

        private readonly long _most;

        internal Share(Pot all, long most) => (_all, _own, _most) = (all, new Pot(most), most);

        /// <summary>What the agent holds now.</summary>
        public long Taken => _most - _own.Left;

        /// <summary>Whether the agent holds more than half of what it may.</summary>
        public bool IsHalfTaken => Taken > _most / 2;

        /// <summary>Whether the agent itself holds as much as it may: its own doing, and nobody else's trouble.</summary>
        public bool IsFull => _own.Left <= 0;

        public bool TryTake(int amount)
        {
            if (!_own.TryTake(amount))
            {
                return false;
            }

            if (_all.TryTake(amount))
            {
                return true;
            }

            _own.Give(amount);
            return false;
        }

        public void Give(int amount)
        {
            _own.Give(amount);
            _all.Give(amount);
        }
    }

    internal sealed class Pot(long amount)
    {
        private long _left = amount;

        public long Left => Interlocked.Read(ref _left);

        public bool TryTake(int amount)
        {
            if (Interlocked.Add(ref _left, -amount) >= 0)
            {
                return true;
            }

            Give(amount);
            return false;
        }

        public void Give(int amount) => Interlocked.Add(ref _left, amount);
    }
}
