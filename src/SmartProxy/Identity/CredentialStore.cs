using System.Collections.Frozen;
using SmartProxy.Installation;

namespace SmartProxy.Identity;

/// <summary>
/// The tokens in force, as one immutable set that is swapped whole when the file changes. A file that is missing, damaged or open to others
/// leaves no token in force: what can't be read can't admit anybody.
/// </summary>
internal sealed class CredentialStore
{
    private readonly CredentialFile _file;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private byte[] _bytes;
    private (DateTime, long) _stamp;
    private volatile FrozenDictionary<string, LiveToken> _tokens = FrozenDictionary<string, LiveToken>.Empty;

    private CredentialStore(CredentialFile file, TimeProvider time, byte[] bytes)
    {
        (_file, _time, _bytes) = (file, time, bytes);
        Swap(file.Parse(bytes));
    }

    /// <summary>Why no token is in force, or null.</summary>
    public string? Trouble { get; private set; }

    public IEnumerable<StoredToken> Tokens => _tokens.Values.Select(live => live.Stored);

    /// <exception cref="OperatorException">The file is missing, damaged or open to others: the start refuses.</exception>
    public static CredentialStore Open(CredentialFile file, TimeProvider time) => new(file, time, file.ReadBytes());

    /// <summary>The token by this id, if it is in force now.</summary>
    public LiveToken? Find(string id) =>
        _tokens.TryGetValue(id, out var live) && !live.Stored.IsExpired(_time.GetUtcNow()) ? live : null;

    /// <summary>Whether the file looks different from what was last taken in: one question to the file system.</summary>
    public bool MayHaveChanged()
    {
        lock (_gate)
        {
            return Stamp() != _stamp;
        }
    }

    /// <summary>Takes in what another process changed, and ends what was revoked or has expired.</summary>
    public void Refresh()
    {
        lock (_gate)
        {
            var before = _stamp;
            _stamp = Stamp();
            try
            {
                var bytes = _file.ReadBytes();
                if (Trouble is not null || !bytes.AsSpan().SequenceEqual(_bytes))
                {
                    Swap(_file.Parse(bytes));
                    _bytes = bytes;
                    Trouble = null;
                }
            }
            catch (OperatorException fault) when (fault.InnerException is IOException and not FileNotFoundException && Trouble is null && _stamp == before)
            {
                // It looks as it did and can't be opened just now (too many open files): what was taken in stands, and the next look tries again.
            }
            catch (OperatorException fault)
            {
                Trouble = fault.Message;
                Swap([]);
            }

            EndExpired();
        }
    }

    // INVARIANT: a token that did not change keeps its LiveToken, so that whoever authenticated with it is told when it ends.
    private void Swap(IReadOnlyList<StoredToken> stored)
    {
        var before = _tokens;
        _tokens = stored.ToFrozenDictionary(
            token => token.Id,
            token => before.TryGetValue(token.Id, out var live) && live.Continues(token) ? live : new LiveToken(token),
            StringComparer.Ordinal);
        foreach (var (id, live) in before)
        {
            if (!_tokens.TryGetValue(id, out var now) || !ReferenceEquals(now, live))
            {
                live.End();
            }
        }
    }

    private (DateTime, long) Stamp() => new FileInfo(_file.Path) is { Exists: true } file ? (file.LastWriteTimeUtc, file.Length) : default;

    private void EndExpired()
    {
        var now = _time.GetUtcNow();
        foreach (var live in _tokens.Values)
        {
            if (live.Stored.IsExpired(now))
            {
                live.End();
            }
        }
    }
}
