namespace SmartProxy.Faults.Tests;

/// <summary>
/// What a disk may hold after the power went between two steps: everything that was synced; of what was written since, each sector of 512 bytes old or
/// new by itself, the end of a file where it was or where it would be; names that no synced folder holds, there or not.
/// </summary>
internal sealed class PowerLoss
{
    private const int Sector = 512;
    private readonly Dictionary<string, Shadow> _seen = [];
    private readonly Dictionary<string, Shadow> _durable = [];
    private readonly List<NameChange> _pending = [];

    private PowerLoss()
    {
    }

    /// <param name="steps">Before the power went.</param>
    public static PowerLoss After(IEnumerable<DiskStep> steps)
    {
        var disk = new PowerLoss();
        foreach (var step in steps)
        {
            disk.Take(step);
        }

        return disk;
    }

    /// <summary>Writes one such image into a folder.</summary>
    /// <param name="folder">Where files are made, by their names below <paramref name="root"/>.</param>
    /// <param name="root">The folder of the recording.</param>
    /// <param name="isKept">Whether one unsynced thing made it to the disk.</param>
    public void Write(string folder, string root, Func<bool> isKept)
    {
        var names = new Dictionary<string, Shadow>(_durable);
        _pending.Where(_ => isKept()).ToList().ForEach(change => change.Apply(names));
        foreach (var (path, file) in names)
        {
            var copy = Path.Combine(folder, Path.GetRelativePath(root, path));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.WriteAllBytes(copy, file.Image(isKept));
        }
    }

    private void Take(DiskStep step)
    {
        switch (step)
        {
            case DiskStep.Made made:
                Change(new NameChange(null, made.Path, new Shadow()));
                break;
            case DiskStep.Renamed renamed:
                Change(new NameChange(renamed.Path, renamed.To, _seen[renamed.Path]));
                break;
            case DiskStep.Written written:
                _seen[written.Path].Write(written.Offset, written.Bytes);
                break;
            case DiskStep.Cut cut:
                _seen[cut.Path].Cut(cut.Length);
                break;
            case DiskStep.Synced synced:
                _seen[synced.Path].Sync();
                break;
            case DiskStep.FolderSynced folder:
                _pending.Where(change => change.Folder == folder.Path).ToList().ForEach(change => change.Apply(_durable));
                _pending.RemoveAll(change => change.Folder == folder.Path);
                break;
        }
    }

    private void Change(NameChange change)
    {
        change.Apply(_seen);
        _pending.Add(change);
    }

    /// <summary>A name that a file gets, in place of the one that it had.</summary>
    private sealed record NameChange(string? From, string To, Shadow File)
    {
        public string? Folder => Path.GetDirectoryName(To);

        public void Apply(Dictionary<string, Shadow> names)
        {
            if (From is not null)
            {
                names.Remove(From);
            }

            names[To] = File;
        }
    }

    /// <summary>One file as the program sees it, and as the disk holds it.</summary>
    private sealed class Shadow
    {
        private byte[] _seen = [];
        private byte[] _durable = [];

        public void Write(long offset, byte[] bytes)
        {
            Array.Resize(ref _seen, Math.Max(_seen.Length, (int)offset + bytes.Length));
            bytes.CopyTo(_seen, offset);
        }

        public void Cut(long length) => Array.Resize(ref _seen, (int)length);

        public void Sync() => _durable = (byte[])_seen.Clone();

        public byte[] Image(Func<bool> isKept)
        {
            var image = new byte[isKept() ? _seen.Length : _durable.Length];
            for (var start = 0; start < image.Length; start += Sector)
            {
                var source = isKept() ? _seen : _durable;
                var size = Math.Clamp(source.Length - start, 0, Math.Min(Sector, image.Length - start));
                source.AsSpan(Math.Min(start, source.Length), size).CopyTo(image.AsSpan(start));
            }

            return image;
        }
    }
}
