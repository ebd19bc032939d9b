using System.Collections.Concurrent;
using System.Text.Json;
using SmartProxy.AdminApi;
using SmartProxy.Protocol;

namespace SmartProxy.Chain;

/// <summary>Says loudly, once, what is wrong with a chain or with its nodes: a log record, a counter, and a reason in health as long as it stands.</summary>
internal sealed partial class ChainAlarms(Metrics metrics, ILogger<ChainAlarms> logger)
{
    private readonly ConcurrentDictionary<(ChainId Chain, string Subject), string> _standing = new();

    /// <summary>What stands, in words, for health.</summary>
    public IEnumerable<string> Standing => _standing.OrderBy(alarm => alarm.Key.Subject, StringComparer.Ordinal).Select(alarm => alarm.Value);

    /// <summary>The nodes of a chain can't be believed.</summary>
    public void Fault(ChainId chain, ChainFaultException fault)
    {
        var kind = JsonNamingPolicy.SnakeCaseLower.ConvertName(fault.Fault.ToString());
        Stand(chain, kind, $"fault {kind}", $"{chain} can't be read ({kind}): {fault.Message}; nothing is proven or released until that is mended");
        foreach (var other in Enum.GetValues<ChainFault>().Where(other => other != fault.Fault))
        {
            Clear(chain, other);
        }
    }

    /// <summary>The nodes of a chain agree again.</summary>
    public void Agreed(ChainId chain)
    {
        foreach (var fault in Enum.GetValues<ChainFault>())
        {
            Clear(chain, fault);
        }
    }

    /// <summary>Something about one payment does not fit, and stays so.</summary>
    public void Mismatch(ChainId chain, PaymentId payment, string what) => Stand(chain, "unmatched_use", payment.Value, what);

    /// <summary>What a payment was found to be; it stands no more.</summary>
    public void Resolved(ChainId chain, PaymentId payment) => _standing.TryRemove((chain, payment.Value), out _);

    /// <summary>Something happened that a person has to know; the books say the rest.</summary>
    public void Tell(string kind, string what)
    {
        metrics.ChainAlarm(kind);
        LogAlarm(kind, what);
    }

    private void Stand(ChainId chain, string kind, string subject, string what)
    {
        var isNew = !_standing.ContainsKey((chain, subject));
        _standing[(chain, subject)] = what;
        if (isNew)
        {
            Tell(kind, what);
        }
    }

    private void Clear(ChainId chain, ChainFault fault)
    {
        if (_standing.TryRemove((chain, $"fault {JsonNamingPolicy.SnakeCaseLower.ConvertName(fault.ToString())}"), out _))
        {
            LogOver(chain, fault);
        }
    }

    [LoggerMessage(EventId = 1601, Level = LogLevel.Error, Message = "Chain alarm {Kind}: {What}")]
    private partial void LogAlarm(string kind, string what);

    [LoggerMessage(EventId = 1602, Level = LogLevel.Information, Message = "{Chain} can be read again ({Fault} is over)")]
    private partial void LogOver(ChainId chain, ChainFault fault);
}
