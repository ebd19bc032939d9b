using Microsoft.Extensions.Primitives;
using SmartProxy.Payments;
using SmartProxy.Protocol;

namespace SmartProxy.Forwarding.Headers;

/// <summary>
/// Schemes that authenticate a connection and not a request (NTLM, Negotiate: RFC 4559). Our connections to origins carry all requests of an agent in
/// turn, so that one without credentials would be taken for the one that authenticated. Such credentials are refused before anything is dialled; no connection of ours is ever
/// authenticated so. Challenges for them are not passed on, so that clients choose another scheme where the origin offers one.
/// </summary>
internal static class ConnectionAuthentication
{
    private static readonly string[] Schemes = ["NTLM", "Negotiate"];

    public static Refusal? Find(StringValues authorization) =>
        IsIn(authorization)
            ? new Refusal(
                StatusCodes.Status501NotImplemented,
                "connection_authentication_not_supported",
                "NTLM and Negotiate authenticate a whole connection, and those of this proxy carry many requests in turn; use another scheme, or ask the operator for a tunnel that is not decrypted (Connections:Passthrough)")
            : null;

    /// <summary>The challenges of <c>WWW-Authenticate</c> that are for one request, in their lines.</summary>
    public static StringValues WithoutChallenges(StringValues lines) =>
        IsIn(lines) ? new StringValues([.. lines.Select(line => Others(line!)).Where(line => line.Length > 0)]) : lines;

    private static bool IsIn(StringValues lines)
    {
        foreach (var line in lines)
        {
            if (Array.Exists(Schemes, scheme => AuthorizationField.Names(line ?? "", scheme)))
            {
                return true;
            }
        }

        return false;
    }

    // A part that begins with a scheme begins a challenge; those behind it are its parameters (RFC 9110 11.6.1).
    private static string Others(string line)
    {
        var kept = new List<string>();
        var isKept = true;
        foreach (var part in PartsOf(line))
        {
            isKept = BeginsChallenge(part) ? !Array.Exists(Schemes, scheme => AuthorizationField.StartsWith(part, scheme)) : isKept;
            if (isKept)
            {
                kept.Add(part);
            }
        }

        return string.Join(", ", kept);
    }

    private static bool BeginsChallenge(string part)
    {
        var end = part.AsSpan().IndexOfAny(" \t=");
        return end < 0 || !part.AsSpan(end).TrimStart(" \t").StartsWith('=');
    }

    // Commas inside quotes part nothing.
    private static IEnumerable<string> PartsOf(string line)
    {
        var (start, isQuoted) = (0, false);
        for (var i = 0; i <= line.Length; i++)
        {
            if (i == line.Length || (line[i] == ',' && !isQuoted))
            {
                if (line[start..i].Trim(' ', '\t') is { Length: > 0 } part)
                {
                    yield return part;
                }

                start = i + 1;
            }
            else if (line[i] == '\\' && isQuoted)
            {
                i = Math.Min(i + 1, line.Length - 1);
            }
            else
            {
                isQuoted ^= line[i] == '"';
            }
        }
    }
}
