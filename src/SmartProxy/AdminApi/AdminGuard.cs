using Microsoft.AspNetCore.Http.Features;
using SmartProxy.Identity;
using SmartProxy.Protocol;

namespace SmartProxy.AdminApi;

/// <summary>
/// Stands before everything on the admin listener, also before endpoints that are added later: what is not listed as open needs the admin
/// token. An agent's token is not one. Browsers on other sites, rebound names and proxy requests are turned away first.
/// </summary>
/// <param name="token">The operator's secret.</param>
/// <param name="hosts">Names by which the listener may be called, besides its address: without port, lower case.</param>
internal sealed class AdminGuard(AdminToken token, IReadOnlyCollection<string> hosts)
{
    /// <summary>What anybody who reaches the listener may read.</summary>
    public static readonly IReadOnlySet<string> OpenPaths = new HashSet<string>(StringComparer.Ordinal) { "/healthz", "/ca.pem", "/.well-known/jwks.json" };

    public Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var request = context.Request;
        var target = context.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "";
        if (!target.StartsWith('/') || HttpMethods.IsConnect(request.Method))
        {
            return ApiAnswer.ProblemAsync(context, StatusCodes.Status400BadRequest, "not_a_proxy", "this is the operator's listener; send proxy requests to the proxy's address");
        }

        if (!IsOurName(request.Host))
        {
            return ApiAnswer.ProblemAsync(context, StatusCodes.Status421MisdirectedRequest, "unknown_host", "call this listener by its address, or add the name to the setting SmartProxy:Listen:AdminHosts");
        }

        if (IsFromAnotherSite(request))
        {
            return ApiAnswer.ProblemAsync(context, StatusCodes.Status403Forbidden, "cross_site", "pages of other sites can't use this listener");
        }

        if (IsOpen(request) || token.Matches(BearerOf(request)))
        {
            return RequiresJson(request)
                ? ApiAnswer.ProblemAsync(context, StatusCodes.Status415UnsupportedMediaType, "json_expected", "send the body as application/json")
                : next(context);
        }

        context.Response.Headers.WWWAuthenticate = "Bearer";
        return ApiAnswer.ProblemAsync(context, StatusCodes.Status401Unauthorized, "admin_token_required", "send the admin token of the data folder as Authorization: Bearer");
    }

    // Only a name can be rebound: who calls by an address means it.
    private bool IsOurName(HostString host) =>
        HostName.TryParse(host.Host, out var name) && (name.IsAddress || name.Value is "localhost" || hosts.Contains(name.Value));

    private static bool IsFromAnotherSite(HttpRequest request)
    {
        var site = request.Headers["Sec-Fetch-Site"].ToString();
        var origin = request.Headers.Origin.ToString();
        return site is not ("" or "same-origin" or "none")
            || (origin.Length > 0 && !string.Equals(origin, $"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase));
    }

    private static bool IsOpen(HttpRequest request) => IsRead(request) && OpenPaths.Contains(request.Path.Value ?? "");

    private static bool RequiresJson(HttpRequest request) =>
        !IsRead(request) && !string.Equals(request.ContentType?.Split(';')[0].Trim(), "application/json", StringComparison.OrdinalIgnoreCase);

    private static bool IsRead(HttpRequest request) => HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);

    private static string? BearerOf(HttpRequest request) =>
        request.Headers.Authorization is [{ } value] && value.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? value["Bearer ".Length..].Trim() : null;
}
