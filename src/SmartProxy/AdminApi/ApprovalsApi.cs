using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.AdminApi;

/// <summary><c>/v1/approvals</c>: what people are asked, and their answers.</summary>
internal sealed class ApprovalsApi(AdminServices services)
{
    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/v1/approvals", ListAsync);
        endpoints.MapPost("/v1/approvals/{id}/approve", context => AnswerAsync(context, isApproved: true));
        endpoints.MapPost("/v1/approvals/{id}/deny", context => AnswerAsync(context, isApproved: false));
    }

    private async Task ListAsync(HttpContext context)
    {
        var approvals = await services.Books.ApprovalsAsync(context.RequestAborted);
        await ApiAnswer.JsonAsync(context, json => ApprovalAnswer.Write(json, approvals, isForOperator: true));
    }

    private async Task AnswerAsync(HttpContext context, bool isApproved)
    {
        if (await Order.ReadAsync(context, "reason", "by") is not { } order || order.Reason(isRequired: !isApproved) is not { } reason)
        {
            await ApiAnswer.ProblemAsync(
                context, StatusCodes.Status400BadRequest, "bad_body", "send {\"reason\": TEXT, \"by\": NAME}; the reason has at most 200 characters, and a denial needs one");
            return;
        }

        if (!PaymentId.TryParse(context.Request.RouteValues["id"] as string, out var id) || await services.Books.FindApprovalAsync(id, context.RequestAborted) is not { } view)
        {
            await ApiAnswer.ProblemAsync(context, StatusCodes.Status404NotFound, "approval_not_found", "there is no question by this id; see GET /v1/approvals");
            return;
        }

        if (view.State is not ApprovalState.Open)
        {
            await ClosedAsync(context);
            return;
        }

        try
        {
            await services.Ledger.RecordAsync(Answers.To(view, isApproved, order.By, reason, services.Time.GetUtcNow()));
        }
        catch (LedgerInvariantException)
        {
            await ClosedAsync(context);
            return;
        }
        catch (LedgerUnavailableException)
        {
            await Order.NotRecordedAsync(context);
            return;
        }

        var after = await services.Books.FindApprovalAsync(id, context.RequestAborted) ?? view;
        await ApiAnswer.JsonAsync(context, json => ApprovalAnswer.Write(json, after, isForOperator: true));
    }

    private static Task ClosedAsync(HttpContext context) =>
        ApiAnswer.ProblemAsync(context, StatusCodes.Status409Conflict, "approval_closed", "this question was answered, used or has expired; see GET /v1/approvals");
}

/// <summary>A person's answer as the ledger records it.</summary>
internal static class Answers
{
    /// <summary>An agreement can be used, and a refusal stands, for as long as the rule lets questions stay open.</summary>
    public static LedgerEvent.ApprovalAnswered To(ApprovalView view, bool isApproved, string by, string reason, DateTimeOffset now) =>
        new(view.Id, isApproved, by, reason, now + view.Question.ValidFor);
}
