using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using SmartProxy.Options;
using SmartProxy.Protocol;

namespace SmartProxy.Forwarding.Origins;

/// <summary>
/// Origins that have answered 402. A large upload to one of them asks first (<c>Expect: 100-continue</c>): an HTTP/1.1 origin that answers
/// early and closes would otherwise lose its 402 on the way.
/// </summary>
internal sealed class ChargingOrigins(IOptions<UpstreamOptions> options)
{
    private readonly ConcurrentDictionary<Origin, bool> _origins = new();
    private readonly int _limit = options.Value.ChargingOrigins;

    public bool Contains(Origin origin) => !_origins.IsEmpty && _origins.ContainsKey(origin);

    /// <summary>Remembers an origin. When full, everything is forgotten: learning again costs one request each.</summary>
    public void Learn(Origin origin)
    {
        if (_origins.ContainsKey(origin))
        {
            return;
        }

        if (_origins.Count >= _limit)
        {
            _origins.Clear();
        }

        _origins.TryAdd(origin, true);
    }
}
