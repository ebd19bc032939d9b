using System.Runtime.CompilerServices;
using SmartProxy.Forwarding.Bodies;

namespace SmartProxy.Forwarding.Origins;

/// <summary>
/// A connection to an HTTP/1 origin. It bounds the interim answers (1xx), which the client library skips by the thousand, and it can be spoilt, so
/// that it never carries another request: the library keeps a connection whose answer it could read, however odd that answer was. And it takes turns:
/// an origin that always has more would else keep the thread to itself, and the news that its agent has gone would wait behind it.
/// </summary>
internal sealed class UpstreamConnection(Stream inner) : ForwardOnlyStream
{
    /// <summary>Interim answers to one request.</summary>
    public const int MaxInterims = 32;

    /// <summary>Bytes of interim answers to one request.</summary>
    public const int MaxInterimBytes = 64 * 1024;

    /// <summary>Reads in a row that find bytes waiting, before all others have a turn.</summary>
    public const int ReadsInTurn = 8;

    private const int StatusStart = 9;
    private const int StatusEnd = 11;

    private static readonly AsyncLocal<Use?> Current = new();

    private static ReadOnlySpan<byte> Version => "HTTP/1."u8;

    private bool _isInterim = true;
    private bool _isSwitched;
    private bool _expectsStatus = true;
    private int _column;
    private int _status;
    private int _interims;
    private int _bytes;
    private int _ready;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    /// <summary>Begins to watch which connection carries what the caller sends from here on.</summary>
    public static Use Watch()
    {
        var use = new Use();
        Current.Value = use;
        return use;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // A request that is still being uploaded while its answer comes is no new one: what is read then are no heads.
        if (Current.Value?.Carry(this) is not false && !_isInterim && !_isSwitched)
        {
            (_isInterim, _expectsStatus, _column, _status, _interims, _bytes) = (true, true, 0, 0, 0, 0);
        }

        return inner.WriteAsync(buffer, cancellationToken);
    }

    // Whether a read brings a head is known when it ends: on a connection that is used again the library begins to read before it writes.
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        buffer.IsEmpty ? inner.ReadAsync(buffer, cancellationToken) : ReadAndLookAsync(buffer, cancellationToken);

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush() => inner.Flush();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReadAndLookAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var read = inner.ReadAsync(buffer, cancellationToken);
        _ready = read.IsCompleted ? _ready + 1 : 0;
        var count = await read;
        if (_ready == ReadsInTurn)
        {
            _ready = 0;
            await OthersAsync();
        }

        if (_isInterim)
        {
            Look(buffer.Span[..count]);
        }

        return count;
    }

    // To the end of the queue that all threads share; `Task.Yield` would come back before anybody else.
    private static Task OthersAsync() => Task.Factory.StartNew(static () => { }, CancellationToken.None, TaskCreationOptions.PreferFairness, TaskScheduler.Default);

    // Only first lines of heads are looked at, and only until one tells of a final answer. What is no head is the library's to refuse.
    private void Look(ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
        {
            switch (value)
            {
                case (byte)'\n':
                    _expectsStatus = _column == 0;
                    (_column, _status) = (0, 0);
                    break;
                case (byte)'\r':
                    break;
                default:
                    if (_expectsStatus && _column < Version.Length && value != Version[_column])
                    {
                        _isInterim = false;
                        return;
                    }

                    if (_expectsStatus && _column is >= StatusStart and <= StatusEnd && !IsInterim(value))
                    {
                        _isInterim = false;
                        return;
                    }

                    _column++;
                    break;
            }
        }

        _bytes += bytes.Length;
        if (_interims > 0 && _bytes > MaxInterimBytes)
        {
            throw new IOException("too many bytes of interim answers");
        }
    }

    // Looks at one more digit of a status. False ends the looking.
    private bool IsInterim(byte digit)
    {
        _status = (_status * 10) + digit - '0';
        if (_column < StatusEnd)
        {
            return _column > StatusStart || digit == '1';
        }

        _isSwitched = _status == StatusCodes.Status101SwitchingProtocols;
        if (++_interims > MaxInterims)
        {
            throw new IOException("too many interim answers");
        }

        return !_isSwitched;
    }

    /// <summary>Which connection carries an exchange. None for HTTP/2, where an odd answer spoils its stream only.</summary>
    internal sealed class Use
    {
        private volatile UpstreamConnection? _connection;

        /// <summary>Whether the exchange begins on this connection.</summary>
        public bool Carry(UpstreamConnection connection)
        {
            var begins = _connection != connection;
            _connection = connection;
            return begins;
        }

        /// <summary>Ends the connection. To be called while the answer is in hand: later it may serve another agent.</summary>
        public void Spoil() => _connection?.Dispose();
    }
}
