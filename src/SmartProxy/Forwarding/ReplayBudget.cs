using Microsoft.Extensions.Options;
using SmartProxy.Options;

namespace SmartProxy.Forwarding;

/// <summary>Memory for retained request bodies, in bytes, shared by all requests. When it is used up, further bodies pass without being retained.</summary>
internal sealed class ReplayBudget(IOptions<UpstreamOptions> options)
{
    private long _left = options.Value.ReplayBudgetBytes;

    /// <summary>Bytes that are free now.</summary>
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
