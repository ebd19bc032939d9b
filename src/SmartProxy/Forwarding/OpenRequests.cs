using System.Collections.Concurrent;
using SmartProxy.Connections;
using SmartProxy.Forwarding.Targets;
using SmartProxy.Policies;

namespace SmartProxy.Forwarding;

/// <summary>
/// Requests outside tunnels that are under way: each is cut off when its token ends, or when a new policy keeps its agent from its host. Inside a
/// tunnel <see cref="TunnelRegistry"/> ends the whole connection.
/// </summary>
internal sealed class OpenRequests : IDisposable
{
    private readonly IPolicyView _policy;
    private readonly ConcurrentDictionary<OpenRequest, bool> _open = new();

    public OpenRequests(IPolicyView policy)
    {
        _policy = policy;
        policy.Changed += EndRefused;
    }

    /// <summary>Watches a request until what is returned is disposed; null inside a tunnel.</summary>
    public OpenRequest? Watch(HttpContext context, ForwardTarget target)
    {
        if (context.Features.Get<ITunnelFeature>() is not null)
        {
            return null;
        }

        var request = new OpenRequest(this, context, target);
        _open.TryAdd(request, true);
        request.Start();

        // The policy may have changed since it was asked.
        EndIfRefused(request);
        return request;
    }

    public void Dispose() => _policy.Changed -= EndRefused;

    internal void Remove(OpenRequest request) => _open.TryRemove(request, out _);

    private void EndRefused()
    {
        foreach (var (request, _) in _open)
        {
            EndIfRefused(request);
        }
    }

    private void EndIfRefused(OpenRequest request)
    {
        var target = request.Target;
        if (_policy.Treat(target.Identity.Agent, target.Origin.Host, target.Origin.Port) is TunnelTreatment.Refuse or TunnelTreatment.RefusePort)
        {
            request.End();
        }
    }
}

/// <summary>One of them, for as long as it may be cut off.</summary>
internal sealed class OpenRequest(OpenRequests all, HttpContext context, ForwardTarget target) : IDisposable
{
    private readonly Lock _gate = new();
    private CancellationTokenRegistration _token;
    private bool _isOver;

    public ForwardTarget Target => target;

    public void Start() => _token = target.Identity.Ended.UnsafeRegister(static state => ((OpenRequest)state!).End(), this);

    /// <summary>Cuts it off.</summary>
    public void End()
    {
        lock (_gate)
        {
            // INVARIANT: the server uses a context again; nobody touches it after its request.
            if (!_isOver)
            {
                _isOver = true;
                context.Abort();
            }
        }
    }

    public void Dispose()
    {
        all.Remove(this);
        _token.Dispose();
        lock (_gate)
        {
            _isOver = true;
        }
    }
}
