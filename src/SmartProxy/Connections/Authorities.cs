namespace SmartProxy.Connections;

/// <summary>
/// The authorities of the running process. A rotation by another process is taken in within a second, when somebody asks next; one that can't be read
/// leaves the last good ones in service and is logged.
/// </summary>
internal sealed partial class Authorities
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    private readonly AuthorityFolder _folder;
    private readonly TimeProvider _time;
    private readonly ILogger<Authorities> _logger;
    private readonly Lock _gate = new();
    private AuthoritySet _set;
    private CertificateAuthority _signer;
    private (DateTime, DateTime, DateTime) _stamp;
    private long _looked;
    private string? _problem;

    /// <exception cref="InvalidDataException">The folder holds none that is in order: the start refuses.</exception>
    public Authorities(AuthorityFolder folder, TimeProvider time, ILogger<Authorities> logger)
    {
        (_folder, _time, _logger) = (folder, time, logger);
        (_stamp, _looked) = (folder.Stamp(), time.GetTimestamp());
        _set = folder.Load();
        _signer = _set.SignerAt(time.GetUtcNow());
    }

    /// <summary>The authority that signs leaves now.</summary>
    public CertificateAuthority Signer
    {
        get
        {
            lock (_gate)
            {
                return Look();
            }
        }
    }

    /// <summary>Every certificate that agents should trust.</summary>
    public string TrustedPem
    {
        get
        {
            lock (_gate)
            {
                Look();
                return _set.TrustedPem;
            }
        }
    }

    private CertificateAuthority Look()
    {
        if (_time.GetElapsedTime(_looked) >= LookAgain)
        {
            _looked = _time.GetTimestamp();
            Refresh();
            Announce(_set.SignerAt(_time.GetUtcNow()));
        }

        return _signer;
    }

    private void Refresh()
    {
        var stamp = _folder.Stamp();
        if (stamp == _stamp)
        {
            return;
        }

        try
        {
            _set = _folder.Load();
            (_stamp, _problem) = (stamp, null);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            // What mends it may leave no trace in the stamp, a mode for example: looked at until it is good, and told once.
            if (e.Message != _problem)
            {
                LogUnreadable(_problem = e.Message);
            }
        }
    }

    // INVARIANT: the same authority stays the same object, so that what it signed stays in use.
    private void Announce(CertificateAuthority signer)
    {
        if (signer.Fingerprint != _signer.Fingerprint)
        {
            LogSigner(signer.Fingerprint, _signer.Fingerprint);
            _signer = signer;
        }
    }

    [LoggerMessage(EventId = 1211, Level = LogLevel.Warning, Message = "Leaf certificates are signed by authority {Fingerprint} from now on; before, by {Before}")]
    private partial void LogSigner(string fingerprint, string before);

    [LoggerMessage(EventId = 1212, Level = LogLevel.Error, Message = "The authorities on disk can't be read and the last good ones stay in service: {Problem}")]
    private partial void LogUnreadable(string problem);
}
