using System.CommandLine;
using System.Text.Json;
using SmartProxy.AdminApi;
using SmartProxy.Installation;
using SmartProxy.Payments;
using SmartProxy.Text;

namespace SmartProxy.Commands;

/// <summary><c>quote URL --agent NAME</c>: asks unpaid, and prints every offer with what policy and books say to it. Pays nothing.</summary>
internal static class QuoteCommand
{
    public static Command Build(CommandSeams seams)
    {
        _ = seams;
        var url = new Argument<string>("URL") { Description = "What the agent would ask for." };
        var agent = CommonOptions.AgentOption("For whom.");
        agent.Required = true;
        var method = new Option<string>("--method") { Description = "The request's method.", DefaultValueFactory = _ => "GET" };
        var header = new Option<string[]>("--header") { Description = "A header of the request, `Name: value`; several times for several.", HelpName = "HEADER", DefaultValueFactory = _ => [] };
        var body = new Option<string?>("--body") { Description = "The request's body, as text.", HelpName = "TEXT" };
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        var command = new Command("quote", "Ask what a request would cost an agent, and what the policy says; pays nothing.") { url, agent, method, header, body, data, json };
        command.SetAction(async (result, cancellationToken) =>
        {
            using var client = await AdminClient.TryConnectAsync(result.GetRequiredValue(data), cancellationToken)
                ?? throw new OperatorException("a quote asks the seller through the running process, and none runs on this folder; start it with `smartproxy run`", OperatorException.Failed);
            var question = new Question(
                result.GetRequiredValue(url), result.GetValue(agent)!.Value.Value, result.GetRequiredValue(method), result.GetRequiredValue(header), result.GetValue(body));
            using var quote = await client.PostAsync("/v1/quote", writer => Write(writer, question), cancellationToken);
            Show(result.InvocationConfiguration.Output, quote.RootElement, result.GetValue(json));
            return quote.RootElement.GetProperty("wouldPay").GetBoolean() || quote.RootElement.GetProperty("isFree").GetBoolean() ? 0 : OperatorException.Failed;
        });
        return command;
    }

    private static void Write(Utf8JsonWriter json, Question question)
    {
        json.WriteStartObject();
        json.WriteString("agent", question.Agent);
        json.WriteString("url", question.Url);
        json.WriteString("method", question.Method);
        json.WriteStartObject("headers");
        foreach (var header in question.Headers)
        {
            var colon = header.IndexOf(':', StringComparison.Ordinal);
            if (colon < 1)
            {
                throw new OperatorException($"expected a header such as `Accept: application/json`, found `{Printable.Line(header, 40)}`");
            }

            json.WriteString(header[..colon], header[(colon + 1)..].Trim());
        }

        json.WriteEndObject();
        if (question.Body is { } body)
        {
            json.WriteString("body", body);
        }

        json.WriteEndObject();
    }

    private static void Show(TextWriter output, JsonElement quote, bool asJson)
    {
        if (asJson)
        {
            output.WriteLine(quote.GetRawText());
            return;
        }

        output.WriteLine(
            quote.GetProperty("isFree").GetBoolean() ? $"free: answered {quote.GetProperty("status").GetInt32()} without a payment"
            : quote.GetProperty("wouldPay").GetBoolean() ? $"would pay {Text(quote, "price")} USD"
            : quote.TryGetProperty("unpaid", out _) ? $"can't be paid: {Text(quote, "unpaid")}"
            : "would not pay");
        foreach (var offer in quote.GetProperty("offers").EnumerateArray())
        {
            ShowOffer(output, offer);
        }
    }

    private static void ShowOffer(TextWriter output, JsonElement offer)
    {
        var reason = offer.TryGetProperty("reason", out _) ? $" {Text(offer, "reason")}" : "";
        output.WriteLine($"offer {offer.GetProperty("index").GetInt32()}: {Text(offer, "verdict")}{reason}: {Text(offer, "price")} USD, {Text(offer, "scheme")} on {Text(offer, "network")} to {Text(offer, "payTo")}");
        TraceLines.Write(output, offer.GetProperty("trace"));
        foreach (var limit in offer.GetProperty("limits").EnumerateArray())
        {
            output.WriteLine($"  {Text(limit, "id")}: {Text(limit, "remaining")} of {Text(limit, "limit")} left ({Text(limit, "spent")} spent, {Text(limit, "held")} held), {Text(limit, "remainingAfter")} after");
        }

        if (offer.TryGetProperty("detail", out _))
        {
            output.WriteLine($"  {Text(offer, "detail")}");
        }
    }

    private static string Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? Printable.Line(value.GetString(), 300) : "-";

    private sealed record Question(string Url, string Agent, string Method, string[] Headers, string? Body);
}
