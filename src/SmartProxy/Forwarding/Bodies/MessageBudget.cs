using Microsoft.Extensions.Options;
using SmartProxy.Connections;
using SmartProxy.Options;

namespace SmartProxy.Forwarding.Bodies;

/// <summary>Memory for WebSocket messages that are looked into, in bytes. Nothing passes uninspected: a socket that gets no more of it ends.</summary>
internal sealed class MessageBudget(IOptions<UpstreamOptions> options)
    : AgentQuota(options.Value.MessageBudgetBytes, Math.Min(options.Value.MessageAgentBytes, options.Value.MessageBudgetBytes / 2));

/// <summary>An agent's sockets hold as much of unfinished messages as they may: this one ends before its message goes on.</summary>
internal sealed class MessageBudgetException() : IOException("the WebSocket messages of this agent that are not finished take as much memory as they may");

/// <summary>What one socket holds of its agent's share. The first bytes of each buffer are not counted: every socket has them.</summary>
/// <param name="share">The agent's share.</param>
/// <param name="free">Bytes of each buffer that are not counted.</param>
internal sealed class MessageMemory(AgentQuota.Share share, int free) : IDisposable
{
    private readonly Lock _gate = new();
    private int _held;
    private bool _isDisposed;

    /// <exception cref="MessageBudgetException">There is not so much left for this agent.</exception>
    public void Resize(ref byte[] buffer, int size)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            var more = Math.Max(size - free, 0) - Math.Max(buffer.Length - free, 0);
            if (more > 0 && !share.TryTake(more))
            {
                throw new MessageBudgetException();
            }

            if (more < 0)
            {
                share.Give(-more);
            }

            _held += more;
            Array.Resize(ref buffer, size);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (!_isDisposed)
            {
                _isDisposed = true;
                share.Give(_held);
            }
        }
    }
}
