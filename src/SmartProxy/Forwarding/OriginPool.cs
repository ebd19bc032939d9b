namespace SmartProxy.Forwarding;

/// <summary>
/// The connections of one agent to its origins. No other agent's request ever travels on them: an origin may take a connection for a login (NTLM), or
/// be confused about where one answer ends and the next begins.
/// </summary>
/// <param name="create">Makes the library's client, which keeps connections.</param>
internal sealed class OriginPool(Func<SocketsHttpHandler> create) : HttpMessageHandler
{
    private readonly Lock _gate = new();
    private Generation? _current;
    private bool _isDisposed;

    /// <summary>Ends the connections that no request uses. What is under way is finished.</summary>
    public void EndIdle()
    {
        Generation? old;
        lock (_gate)
        {
            (old, _current) = (_current, null);
        }

        old?.Retire();
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (Current().TrySend(request, cancellationToken) is { } answer)
            {
                return answer;
            }
        }
    }

    protected override void Dispose(bool disposing)
    {
        lock (_gate)
        {
            _isDisposed = true;
        }

        EndIdle();
        base.Dispose(disposing);
    }

    private Generation Current()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return _current ??= new Generation(create());
        }
    }

    /// <summary>
    /// The library ends idle connections at once only when its client is disposed of, and lets those in use finish. It refuses requests that begin
    /// after that, so it is disposed of when none is just beginning.
    /// </summary>
    private sealed class Generation(SocketsHttpHandler handler) : HttpMessageInvoker(handler, disposeHandler: true)
    {
        private readonly Lock _gate = new();
        private int _beginning;
        private bool _isRetired;

        /// <summary>Null when it is retired: nothing of the request was sent then.</summary>
        public Task<HttpResponseMessage>? TrySend(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            lock (_gate)
            {
                if (_isRetired)
                {
                    return null;
                }

                _beginning++;
            }

            try
            {
                return SendAsync(request, cancellationToken);
            }
            finally
            {
                End(-1);
            }
        }

        public void Retire() => End(0, isRetired: true);

        private void End(int beginning, bool isRetired = false)
        {
            bool isOver;
            lock (_gate)
            {
                _beginning += beginning;
                _isRetired |= isRetired;
                isOver = _isRetired && _beginning == 0;
            }

            if (isOver)
            {
                Dispose();
            }
        }
    }
}
