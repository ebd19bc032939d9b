namespace SmartProxy.Forwarding.Origins;

/// <summary>
/// The connections of one agent to its origins. No other agent's request ever travels on them: an origin may remember something of a connection, or be
/// confused about where one answer ends and the next begins.
/// </summary>
/// <param name="create">Makes the library's client, which keeps connections.</param>
/// <param name="settle">Longer than it takes a request that has begun to get its connection, or to fail.</param>
/// <param name="time">The clock.</param>
internal sealed class OriginPool(Func<HttpMessageHandler> create, TimeSpan settle, TimeProvider time) : HttpMessageHandler
{
    private readonly CancellationTokenSource _disposed = new();
    private readonly Lock _gate = new();
    private HttpMessageInvoker? _current;
    private long _since;

    /// <summary>
    /// Ends, soon, the connections that no request uses; what is under way is finished. Does nothing where that has just been done.
    /// </summary>
    /// <remarks>
    /// The library ends idle connections before their time only when its client is disposed of. A request that gets its connection at that moment would
    /// fail, so new requests go to another client first.
    /// </remarks>
    public void EndIdle()
    {
        lock (_gate)
        {
            if (_current is { } old && time.GetElapsedTime(_since) > settle)
            {
                _current = null;
                _ = EndAsync(old);
            }
        }
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Current().SendAsync(request, cancellationToken);

    protected override void Dispose(bool disposing)
    {
        lock (_gate)
        {
            _disposed.Cancel();
            _current?.Dispose();
        }

        base.Dispose(disposing);
    }

    private HttpMessageInvoker Current()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed.IsCancellationRequested, this);
            if (_current is null)
            {
                (_current, _since) = (new HttpMessageInvoker(create(), disposeHandler: true), time.GetTimestamp());
            }

            return _current;
        }
    }

    private async Task EndAsync(HttpMessageInvoker old)
    {
        using (old)
        {
            await Task.Delay(settle, time, _disposed.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
