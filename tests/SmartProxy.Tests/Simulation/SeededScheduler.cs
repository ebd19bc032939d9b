namespace SmartProxy.Tests.Simulation;

/// <summary>One thread, and chance says which of the ready tasks goes on next: every interleaving has a seed, and the seed repeats it.</summary>
internal sealed class SeededScheduler(Random chance) : TaskScheduler
{
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private readonly List<Task> _ready = [];
    private readonly List<TaskCompletionSource> _idle = [];

    /// <summary>Runs <paramref name="main"/> and everything that it starts, to its end.</summary>
    public void Run(Func<Task> main)
    {
        var started = Task.Factory.StartNew(main, CancellationToken.None, TaskCreationOptions.None, this);
        while (!started.IsCompleted || !started.Result.IsCompleted)
        {
            Step();
        }

        started.Result.GetAwaiter().GetResult();
    }

    /// <summary>Completes when everything else waits.</summary>
    public Task IdleAsync()
    {
        var idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _idle.Add(idle);
        return idle.Task;
    }

    protected override void QueueTask(Task task)
    {
        if (Environment.CurrentManagedThreadId != _thread)
        {
            throw new InvalidOperationException("something ran on another thread: this run could not be repeated");
        }

        _ready.Add(task);
    }

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    protected override IEnumerable<Task> GetScheduledTasks() => _ready;

    private void Step()
    {
        if (_ready.Count > 0)
        {
            var next = chance.Next(_ready.Count);
            var task = _ready[next];
            _ready.RemoveAt(next);
            TryExecuteTask(task);
        }
        else if (_idle.Count > 0)
        {
            _idle[0].SetResult();
            _idle.RemoveAt(0);
        }
        else
        {
            throw new InvalidOperationException("everything waits for ever");
        }
    }
}
