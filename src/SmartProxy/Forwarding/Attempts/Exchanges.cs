namespace SmartProxy.Forwarding.Attempts;

/// <summary>
/// Payment exchanges that are under way. Their agents may be gone, and the server then knows nothing of them; the process must not leave before
/// what is signed has been sent and booked.
/// </summary>
internal sealed class Exchanges
{
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _allEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _underWay;
    private bool _isClosed;

    /// <summary>Begins one. False once the process is about to leave: nothing new is signed then.</summary>
    public bool TryBegin()
    {
        lock (_gate)
        {
            _underWay += _isClosed ? 0 : 1;
            return !_isClosed;
        }
    }

    public void End()
    {
        lock (_gate)
        {
            _underWay--;
            CompleteWhenDone();
        }
    }

    /// <summary>Lets no further one begin. The task ends with the last one that is under way.</summary>
    public Task CloseAsync()
    {
        lock (_gate)
        {
            _isClosed = true;
            CompleteWhenDone();
        }

        return _allEnded.Task;
    }

    private void CompleteWhenDone()
    {
        if (_isClosed && _underWay == 0)
        {
            _allEnded.TrySetResult();
        }
    }
}
