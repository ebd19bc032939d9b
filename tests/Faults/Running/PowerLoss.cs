namespace SmartProxy.Faults.Tests;

/// <summary>
/// What a disk may hold after the power went between two steps: everything that was synced; of what was written since, each sector of 512 bytes old or
/// new by itself, the end of a file where it was or where it would be; names that no synced folder holds, there or not, and a file under its name of
/// before or of after.
/// </summary>
internal sealed class PowerLoss
{
    private const int Sector = 512;
    private readonly Dictionary<string, Shadow> _files = [];

    // A new name that no synced folder holds: before it, the file had another one, and the name perhaps another file.
    private readonly List<(string From, string To, Shadow? Replaced)> _renames = [];

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
        foreach (var (path, file) in Names(isKept))
        {
            if (file.IsNamed || isKept())
            {
                var copy = Path.Combine(folder, Path.GetRelativePath(root, path));
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                File.WriteAllBytes(copy, file.Image(isKept));
            }
        }
    }

    // What a name stands for, when the newest renames may be lost: the last one first, because each builds on the one before.
    private Dictionary<string, Shadow> Names(Func<bool> isKept)
    {
        var names = new Dictionary<string, Shadow>(_files);
        foreach (var (from, to, replaced) in Enumerable.Reverse(_renames).TakeWhile(_ => !isKept()))
        {
            names[from] = names[to];
            names.Remove(to);
            if (replaced is not null)
            {
                names[to] = replaced;
            }
        }

        return names;
    }

    private void Take(DiskStep step)
    {
        switch (step)
        {
            case DiskStep.Made made:
                _files[made.Path] = new Shadow();
                break;
            case DiskStep.Written written:
                _files[written.Path].Write(written.Offset, written.Bytes);
                break;
            case DiskStep.Cut cut:
                _files[cut.Path].Cut(cut.Length);
                break;
            case DiskStep.Synced synced:
                _files[synced.Path].Sync();
                break;
            case DiskStep.Renamed renamed:
                _renames.Add((renamed.Path, renamed.To, _files.GetValueOrDefault(renamed.To)));
                _files[renamed.To] = _files[renamed.Path];
                _files.Remove(renamed.Path);
                break;
            case DiskStep.FolderSynced folder:
                _files.Where(file => Path.GetDirectoryName(file.Key) == folder.Path).ToList().ForEach(file => file.Value.IsNamed = true);
                _renames.RemoveAll(rename => Path.GetDirectoryName(rename.To) == folder.Path);
                break;
        }
    }

    /// <summary>One file as the program sees it, and as the disk holds it.</summary>
    private sealed class Shadow
    {
        private byte[] _seen = [];
        private byte[] _durable = [];

        public bool IsNamed { get; set; }

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
