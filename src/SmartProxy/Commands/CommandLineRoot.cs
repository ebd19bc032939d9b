using System.CommandLine;
using SmartProxy.Installation;
using SmartProxy.Ledger;
using SmartProxy.Text;

namespace SmartProxy.Commands;

/// <summary>
/// The command line. Every failure is one line on standard error that says what was expected and what to do. Exit codes: 0 done, 1 refused
/// or failed, 2 the command line, a setting or a file is not as expected; <c>exec</c> ends as the program it became.
/// </summary>
internal static class CommandLineRoot
{
    public const int Interrupted = 130;

    public static RootCommand Build(CommandSeams seams) => new("Smart Proxy: a spending firewall for AI agents.")
    {
        InitCommand.Build(seams),
        RunCommand.Build(seams),
        DemoCommand.Build(seams),
        DrillCommand.Build(seams),
        AgentCommand.Build(seams),
        CaCommand.Build(seams),
        EnvCommand.Build(seams),
        ExecCommand.Build(seams),
        PolicyCommand.Build(seams),
        WalletCommand.Build(seams),
        PaymentsCommand.Build(seams),
        JournalCommand.Build(seams),
        ReportCommand.Build(seams),
        StatementCommand.Build(seams),
        MerchantsCommand.Build(seams),
        EvidenceCommand.Build(seams),
        DisputeCommand.Build(seams),
        ReceiptCommand.Build(seams),
        QuoteCommand.Build(seams),
        WhyCommand.Build(seams),
        ApprovalsCommand.List(seams),
        ApprovalsCommand.Answer(seams, isApproved: true),
        ApprovalsCommand.Answer(seams, isApproved: false),
        GrantCommand.Build(seams),
        FreezeCommand.Build(seams, freeze: true),
        FreezeCommand.Build(seams, freeze: false),
        HealthCommand.Build(),
    };

    /// <summary>Runs one command line to its exit code; SIGINT and SIGTERM cancel it.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, CommandSeams seams, TextWriter output, TextWriter error, CancellationToken cancellationToken = default)
    {
        using var signals = new ShutdownSignals(cancellationToken);

        // `@file` stays an argument: `exec me -- curl -d @body.json` belongs to curl.
        var result = Build(seams with { Hurry = signals.Hurry }).Parse(arguments.Count == 0 ? ["--help"] : arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (result.Errors.Count > 0)
        {
            var objection = result.UnmatchedTokens is [var stranger, ..]
                ? $"there is no command or option `{Printable.Line(stranger, 60)}` here"
                : Printable.Line(result.Errors[0].Message.TrimEnd('.'));
            return Fail(error, $"{objection}; see `smartproxy {PathOf(result)}--help`", OperatorException.Misconfigured);
        }

        try
        {
            var invocation = new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return await result.InvokeAsync(invocation, signals.Token);
        }
        catch (OperatorException fault)
        {
            return Fail(error, fault.Message, fault.ExitCode);
        }
        catch (LedgerUnavailableException fault)
        {
            return Fail(error, fault.Message, OperatorException.Failed);
        }
        catch (OperationCanceledException)
        {
            return Interrupted;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return Fail(error, $"{fault.Message}; check the disk and the permissions of the folder", OperatorException.Failed);
        }
        catch (Exception fault)
        {
            // Nobody is helped by a stack trace in the middle of their script; who wants it asks for it.
            if (Environment.GetEnvironmentVariable("SMARTPROXY_DEBUG") == "1")
            {
                throw;
            }

            return Fail(error, $"unexpected {fault.GetType().Name}: {Printable.Line(fault.Message)}; run it with SMARTPROXY_DEBUG=1 to see where", OperatorException.Failed);
        }
    }

    private static int Fail(TextWriter error, string message, int code)
    {
        error.WriteLine("smartproxy: " + message.ReplaceLineEndings(" "));
        return code;
    }

    private static string PathOf(ParseResult result)
    {
        var path = "";
        for (var command = result.CommandResult; command.Parent is System.CommandLine.Parsing.CommandResult parent; command = parent)
        {
            path = command.Command.Name + " " + path;
        }

        return path;
    }
}
