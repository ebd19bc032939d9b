namespace SmartProxy.Storage;

/// <summary>
/// Room that is kept for the day when the disk is full: a file of that size. It is given up then, so that the outcomes of what was signed can still be
/// recorded, and taken again as soon as there is room. Used by the thread that decides and the one that writes.
/// </summary>
internal sealed class DiskReserve : IDisposable
{
    /// <summary>Its name in the ledger's folder.</summary>
    public const string FileName = "reserve";

    private readonly Lock _gate = new();
    private readonly string _folder;
    private readonly IDisk _disk;
    private readonly IDiskFile? _file;
    private readonly long _size;
    private volatile bool _isReleased;

    /// <param name="dataFolder">The data folder.</param>
    /// <param name="disk">The disk.</param>
    /// <param name="size">How much is kept, in bytes; 0 keeps nothing, and the first write that fails ends the journal.</param>
    public DiskReserve(string dataFolder, IDisk disk, long size)
    {
        (_folder, _disk, _size) = (JournalFiles.FolderIn(dataFolder), disk, size);
        if (size == 0)
        {
            return;
        }

        _file = disk.Open(Path.Combine(_folder, FileName));
        _isReleased = !TryAllocate();
    }

    /// <summary>Whether the room was given up.</summary>
    public bool IsReleased => _isReleased;

    /// <summary>What is wrong, in words, or null.</summary>
    public string? Trouble => _isReleased
        ? $"the disk of `{_folder}` is full: outcomes are still recorded, nothing new is paid until {2 * _size >> 10} KiB are free"
        : null;

    /// <summary>Gives the room up; false when there was none to give.</summary>
    public bool Release()
    {
        lock (_gate)
        {
            if (_file is null || _isReleased)
            {
                return false;
            }

            _isReleased = true;
            _file.Truncate(0);
            return true;
        }
    }

    /// <summary>Takes the room again if there is twice as much, so that the next write is not in want again. A disk that can't tell has none.</summary>
    public void TryTakeAgain()
    {
        lock (_gate)
        {
            try
            {
                _isReleased = _isReleased && (_disk.FreeBytes(_folder) < 2 * _size || !TryAllocate());
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Looked at again with the next payment; only writing to the journal ends it.
            }
        }
    }

    public void Dispose() => _file?.Dispose();

    private bool TryAllocate()
    {
        try
        {
            _file!.Allocate(_size);
            return true;
        }
        catch (DiskFullException)
        {
            return false;
        }
    }
}

/// <summary>The disk or a quota has no room; nothing else is known to be wrong with it.</summary>
internal sealed class DiskFullException(string message) : IOException(message);
