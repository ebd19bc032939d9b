using System.Net;
using SmartProxy.Forwarding.Headers;
using SmartProxy.Forwarding.Origins;
using SmartProxy.Forwarding.Targets;
using SmartProxy.Payments;

namespace SmartProxy.Forwarding.Attempts;

/// <summary>The paid attempt: one header more on the way out, and the payment flow sees the answer's head before the agent does.</summary>
internal sealed class PaidSending(
    ForwardTarget target,
    ForwardingParts parts,
    string headerName,
    string headerValue,
    Func<AnswerHead, PaidReply> onHead,
    CancellationTokenSource drain) : Attempt(target, parts), IDisposable
{
    private const int DrainBytes = 1024 * 1024;

    private volatile bool _agentLeft;
    private volatile bool _headSeen;
    private OpenRequest? _open;

    public UpstreamClient.SendMark Mark { get; } = new() { Sent = !HeaderRules.IsPayment(headerName) };

    public AnswerHead? Head { get; private set; }

    /// <summary>The body's first bytes where the answer was another 402.</summary>
    public ReadOnlyMemory<byte> Body { get; private set; }

    /// <summary>Our own answer in place of the origin's.</summary>
    public Refusal? Instead { get; private set; }

    /// <summary>Whether the body that <see cref="Instead"/> replaced was read to its end.</summary>
    public bool IsDrained { get; private set; }

    /// <summary>Says that the agent has gone. Only once the head is here is there an end to waiting: until then the answer may tell of money.</summary>
    public void AgentLeft()
    {
        _agentLeft = true;
        BoundDrain();
    }

    public override async ValueTask TransformRequestAsync(HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);

        // The agent's own header of that name, if the guard let one pass, does not travel beside ours.
        proxyRequest.Headers.Remove(headerName);
        proxyRequest.Headers.TryAddWithoutValidation(headerName, headerValue);
        proxyRequest.Options.Set(UpstreamClient.Mark, Mark);
    }

    public void Dispose() => _open?.Dispose();

    protected override async ValueTask<bool> ReceiveAsync(HttpContext context, HttpResponseMessage response)
    {
        var headers = new HeaderDictionary();
        CopyToAgent(response, headers);
        var head = new AnswerHead((int)response.StatusCode, headers);
        Head = head;
        _headSeen = true;
        BoundDrain();

        if (response.StatusCode == HttpStatusCode.PaymentRequired)
        {
            var held = await HeldResponse.TakeAsync(response, headers, Parts.TermsTime);
            Body = held.Answer.Body;
            response.Content = new HeldContent(held);
        }

        var reply = onHead(head);
        Instead = reply.Instead;
        if (Instead is not null)
        {
            IsDrained = await DrainAsync(response.Content);
            return false;
        }

        // The money has moved, and what came of it is booked: from here a token that ends cuts the answer off, as it does an unpaid one.
        _open = Parts.Open.Watch(context, Target);
        foreach (var (name, values) in headers)
        {
            context.Response.Headers[name] = values;
        }

        foreach (var (name, value) in reply.Headers)
        {
            context.Response.Headers[name] = value;
        }

        ExpectTrailers(context, response);
        await ShowStreamHeadAsync(context);
        return true;
    }

    private void BoundDrain()
    {
        if (_agentLeft && _headSeen)
        {
            drain.CancelAfter(Parts.DrainTime);
        }
    }

    private async ValueTask<bool> DrainAsync(HttpContent content)
    {
        using var deadline = new CancellationTokenSource(Parts.TermsTime);
        var buffer = new byte[16 * 1024];
        try
        {
            var body = await content.ReadAsStreamAsync(deadline.Token);
            for (var total = 0; total < DrainBytes;)
            {
                var count = await body.ReadAsync(buffer, deadline.Token);
                if (count == 0)
                {
                    return true;
                }

                total += count;
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or HttpRequestException)
        {
            // Its head has said what it had to say.
        }

        return false;
    }

    /// <summary>A 402's body again, after its first bytes were looked at.</summary>
    private sealed class HeldContent(HeldResponse held) : StreamContent(held.OpenBody())
    {
        protected override void Dispose(bool disposing)
        {
            held.Dispose();
            base.Dispose(disposing);
        }
    }
}
