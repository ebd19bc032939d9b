using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace SmartProxy.Connections;

/// <summary>
/// Accepts no further connection while as many are open as <see cref="ConnectionSlots"/> has places, and a few more: a connection that makes room is
/// still open for a moment, and in a rush of newcomers those moments took all files of the process, which does not live through that. Who is not
/// accepted waits with the operating system.
/// </summary>
internal sealed class BoundedListeners(SocketTransportFactory inner, ConnectionSlots slots) : IConnectionListenerFactory, IConnectionListenerFactorySelector, IDisposable
{
    // For newcomers, so that somebody makes room; fewer than OpenFiles keeps free.
    private const int Beyond = 16;

    private readonly SemaphoreSlim _room = new(slots.Most + Beyond);

    public bool CanBind(EndPoint endpoint) => ((IConnectionListenerFactorySelector)inner).CanBind(endpoint);

    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        new Listener(await inner.BindAsync(endpoint, cancellationToken), _room);

    public void Dispose() => _room.Dispose();

    private sealed class Listener(IConnectionListener inner, SemaphoreSlim room) : IConnectionListener
    {
        private readonly CancellationTokenSource _unbound = new();

        public EndPoint EndPoint => inner.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            try
            {
                await room.WaitAsync(_unbound.Token);
            }
            catch (OperationCanceledException)
            {
                return null;
            }

            if (await inner.AcceptAsync(cancellationToken) is { } connection)
            {
                return new OpenConnection(connection, room);
            }

            room.Release();
            return null;
        }

        public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            await _unbound.CancelAsync();
            await inner.UnbindAsync(cancellationToken);
        }

        public async ValueTask DisposeAsync()
        {
            await _unbound.CancelAsync();
            await inner.DisposeAsync();
            _unbound.Dispose();
        }
    }
    // What is closed, by either side, holds its file until it is disposed of; a place that is given back earlier is one file too many.
    private sealed class OpenConnection(ConnectionContext inner, SemaphoreSlim room) : ConnectionContext
    {
        private bool _isDisposed;

        public override string ConnectionId { get => inner.ConnectionId; set => inner.ConnectionId = value; }

        public override IFeatureCollection Features => inner.Features;

        public override IDictionary<object, object?> Items { get => inner.Items; set => inner.Items = value; }

        public override IDuplexPipe Transport { get => inner.Transport; set => inner.Transport = value; }

        public override EndPoint? LocalEndPoint { get => inner.LocalEndPoint; set => inner.LocalEndPoint = value; }

        public override EndPoint? RemoteEndPoint { get => inner.RemoteEndPoint; set => inner.RemoteEndPoint = value; }

        public override CancellationToken ConnectionClosed { get => inner.ConnectionClosed; set => inner.ConnectionClosed = value; }

        public override void Abort(ConnectionAbortedException abortReason) => inner.Abort(abortReason);

        public override void Abort() => inner.Abort();

        public override async ValueTask DisposeAsync()
        {
            await inner.DisposeAsync();
            await base.DisposeAsync();
            if (!Interlocked.Exchange(ref _isDisposed, true))
            {
                room.Release();
            }
        }
    }
}
