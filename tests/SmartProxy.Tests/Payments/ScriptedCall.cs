using Microsoft.AspNetCore.Http;
using SmartProxy.Identity;
using SmartProxy.Payments;
using SmartProxy.Protocol;

namespace SmartProxy.Tests.Payments;

/// <summary>A call whose origin follows a script: one answer per paid attempt. Records what the agent and the seller got to see.</summary>
internal sealed class ScriptedCall(HeldAnswer challenge, params Func<string, ScriptedAnswer>[] answers) : IUpstreamCall
{
    private readonly Queue<Func<string, ScriptedAnswer>> _answers = new(answers);

    public AgentIdentity Identity { get; init; } = new(new AgentId("me"), CancellationToken.None);

    public Origin Origin { get; init; } = Parse("https://api.seller.test");

    public string Method { get; init; } = "GET";

    public string Target { get; init; } = "/paid?city=Oslo";

    public bool IsUpgrade { get; init; }

    public Dictionary<string, string> Headers { get; init; } = new(StringComparer.OrdinalIgnoreCase);

    public bool IsReplayable { get; init; } = true;

    public HeldAnswer Challenge { get; } = challenge;

    public CancellationToken AgentGone { get; init; }

    /// <summary>The document that the agent got in place of the 402.</summary>
    public System.Text.Json.JsonElement? Document { get; private set; }

    /// <summary>Payment headers that the seller received, in order.</summary>
    public List<string> Payments { get; } = [];

    /// <summary>What the agent got when we answered ourselves.</summary>
    public Refusal? Answered { get; private set; }

    /// <summary>The origin's answer as the agent got it: status and added headers.</summary>
    public (int Status, IReadOnlyList<KeyValuePair<string, string>> Headers)? Passed { get; private set; }

    public string? RequestHeader(string name) => Headers.GetValueOrDefault(name);

    public ValueTask<Bytes32?> DigestBodyAsync(CancellationToken cancellationToken) =>
        ValueTask.FromResult<Bytes32?>(IsReplayable ? Bytes32.Sha256([]) : null);

    public ValueTask<PaidAttempt> SendPaidAsync(string headerName, string headerValue, Func<AnswerHead, PaidReply> onHead)
    {
        Payments.Add(headerValue);
        var answer = _answers.Dequeue()(headerValue);
        if (answer.Head is null)
        {
            return ValueTask.FromResult(new PaidAttempt(null, IsComplete: false, NeverSent: false, default));
        }

        var reply = onHead(answer.Head);
        if (reply.Instead is { } instead)
        {
            Answered = instead;
        }
        else if (!answer.BreaksOff)
        {
            Passed = (answer.Head.Status, reply.Headers);
        }

        return ValueTask.FromResult(new PaidAttempt(answer.Head, IsComplete: !answer.BreaksOff, NeverSent: false, default, IsShown: !answer.BreaksOff) { Ending = answer.Ending });
    }

    public ValueTask PassChallengeOnAsync(IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        Passed = (Challenge.Head.Status, headers);
        return ValueTask.CompletedTask;
    }

    public ValueTask AnswerAsync(Refusal refusal)
    {
        Answered = refusal;
        return ValueTask.CompletedTask;
    }

    public ValueTask AnswerJsonAsync(ReadOnlyMemory<byte> document)
    {
        using var json = System.Text.Json.JsonDocument.Parse(document);
        Document = json.RootElement.Clone();
        return ValueTask.CompletedTask;
    }

    public static Origin Parse(string text) => Origin.TryParse(text, out var origin) ? origin : throw new FormatException(text);
}

/// <param name="Head">Null for a lost connection.</param>
/// <param name="BreaksOff">Whether nothing follows the head, and none of it reaches the agent.</param>
internal sealed record ScriptedAnswer(AnswerHead? Head, bool BreaksOff = false)
{
    /// <summary>How the body ends.</summary>
    public BodyEnding Ending { get; init; }

    public static readonly ScriptedAnswer Lost = new((AnswerHead?)null);

    public static ScriptedAnswer Of(int status, params (string Name, string Value)[] headers)
    {
        var all = new HeaderDictionary();
        foreach (var (name, value) in headers)
        {
            all.Append(name, value);
        }

        return new ScriptedAnswer(new AnswerHead(status, all));
    }
}
