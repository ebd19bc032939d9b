using System.Globalization;
using SmartProxy.Policy.Document;
using SmartProxy.Policy.Rules;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Words;

/// <summary>Guards and times, as people say them.</summary>
internal static class RuleWords
{
    public const string None = "none";

    /// <summary><c>above 0.05 USD, a new recipient; waits 30s, open for 1h</c>.</summary>
    public static string Of(ApprovalRule? approval) => approval is null
        ? None
        : $"{approval.Text}; {(approval.Hold == TimeSpan.Zero ? "answered at once" : $"waits {Of(approval.Hold)}")}, open for {Of(approval.Expires)}";

    public static string Of(PriceDriftGuard? drift) => drift is null ? None : string.Create(CultureInfo.InvariantCulture, $"{drift.Percent}%");

    public static string Of(LoopGuard? loop) => loop is null ? None : string.Create(CultureInfo.InvariantCulture, $"{loop.Times} in {Of(loop.Within)}");

    public static string Of(BreakerRule? breaker) => breaker is null ? None : string.Create(CultureInfo.InvariantCulture, $"{breaker.Failures} failures, pause {Of(breaker.Pause)}");

    public static string Of(WebSocketRule rule) => rule switch
    {
        WebSocketRule.Any => "any",
        WebSocketRule.Listed => "listed",
        WebSocketRule.None => "none",
    };

    /// <summary>As it is written in the file: <c>30s</c>, <c>15m</c>, <c>7d</c>.</summary>
    public static string Of(TimeSpan length)
    {
        var (count, unit) = (length.Ticks / TimeSpan.TicksPerSecond) switch
        {
            var seconds when seconds % 86_400 == 0 && seconds > 0 => (seconds / 86_400, 'd'),
            var seconds when seconds % 3600 == 0 && seconds > 0 => (seconds / 3600, 'h'),
            var seconds when seconds % 60 == 0 && seconds > 0 => (seconds / 60, 'm'),
            var seconds => (seconds, 's'),
        };
        return string.Create(CultureInfo.InvariantCulture, $"{count}{unit}");
    }
}
