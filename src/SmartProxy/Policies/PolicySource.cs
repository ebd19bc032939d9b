using System.Security.Cryptography;
using SmartProxy.Policy;

namespace SmartProxy.Policies;

/// <summary>There is no policy file to start with; the message is one line and says what to do.</summary>
internal sealed class PolicyFileException(string message) : Exception(message);

/// <summary>The bytes of the policy file, as editors leave them: truncated and written again, renamed over, swapped by a symbolic link, deleted and made anew.</summary>
internal sealed class PolicySource(string path)
{
    private const int MaxBytes = 4 * 1024 * 1024;
    private const int MaxReadings = 5;

    private volatile byte[]? _lastSeen;

    public string Path { get; } = path;

    /// <exception cref="PolicyFileException">There is no such file, or it is a folder.</exception>
    public void EnsureExists()
    {
        if (Directory.Exists(Path))
        {
            throw new PolicyFileException($"expected a policy file, found the folder `{Path}`: a folder of policy files is not supported yet, name one file");
        }

        if (!File.Exists(Path))
        {
            throw new PolicyFileException($"expected a policy file, found nothing at `{Path}`: run `smartproxy init` to make one, or name yours with --policy");
        }
    }

    /// <summary>
    /// Reads until two readings in a row agree, so that a file caught in the middle of being written is not judged by its first half. What a
    /// pause of the writer lets through is then judged like any other text: half a JSON object is not one.
    /// </summary>
    public (byte[]? Bytes, PolicyProblem? Problem) ReadSettled()
    {
        try
        {
            var before = Read();
            for (var reading = 1; reading < MaxReadings; reading++)
            {
                var now = Read();
                if (now.AsSpan().SequenceEqual(before))
                {
                    _lastSeen = SHA256.HashData(now);
                    return (now, null);
                }

                before = now;
            }

            return (null, Problem("expected a file that holds still, found another text at each of five readings: write it whole and rename it into place"));
        }
        catch (PolicyFileException refused)
        {
            return (null, Problem(refused.Message));
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return (null, Problem($"expected a readable policy file, found: {OneLine(unreadable.Message)}"));
        }
    }

    /// <summary>Whether the file reads differently from the last settled reading; an unreadable file counts as different.</summary>
    public bool MayHaveChanged()
    {
        try
        {
            return _lastSeen is not { } seen || !SHA256.HashData(Read()).AsSpan().SequenceEqual(seen);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or PolicyFileException)
        {
            return true;
        }
    }

    /// <summary>Makes the next look see a change.</summary>
    public void Forget() => _lastSeen = null;

    private byte[] Read()
    {
        using var file = Open();
        using var bytes = new MemoryStream();
        file.CopyTo(bytes);
        return bytes.ToArray();
    }

    private FileStream Open()
    {
        EnsureExists();
        var file = new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            if (file.Length > MaxBytes)
            {
                throw new PolicyFileException($"expected at most 4 MiB, found `{file.Length}` bytes: split the file or drop what is not used");
            }

            if (!OperatingSystem.IsWindows() && File.GetUnixFileMode(file.SafeFileHandle).HasFlag(UnixFileMode.OtherWrite))
            {
                throw new PolicyFileException("expected a file that only its owner and group may write, found one that everyone may write: run `chmod o-w` on it");
            }

            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private PolicyProblem Problem(string message) => new(Path, 0, "", message);

    private static string OneLine(string text) => text.ReplaceLineEndings(" ");
}
