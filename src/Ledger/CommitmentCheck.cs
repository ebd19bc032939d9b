using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>Checks that each reservation commits to its own decision and to the journal before it. Lines come in order, their chain checked.</summary>
public sealed class CommitmentCheck
{
    private readonly HashSet<Bytes32> _heads = [];

    /// <summary>
    /// What a line commits to, judged by itself and on any thread: the journal head in its decision record; null when the record does not explain
    /// the nonce, and for lines that reserve nothing.
    /// </summary>
    public static Bytes32? CommitmentOf(JournalLine line) =>
        line.Entry is JournalEntry.Reserved reserved && DecisionRecord.Explains(reserved, out var head) ? head : null;

    /// <summary>Takes the next line in. Gives what is wrong with its commitment, or null.</summary>
    /// <param name="line">The line.</param>
    /// <param name="commitment">What <see cref="CommitmentOf"/> says about it.</param>
    public string? Take(JournalLine line, Bytes32? commitment)
    {
        var problem = line.Entry is JournalEntry.Reserved ? Judge(commitment) : null;
        _heads.Add(line.Hash);
        return problem;
    }

    private string? Judge(Bytes32? commitment) =>
        commitment is not { } head ? "the nonce is not the hash of a record that says what the line says"
        : !_heads.Contains(head) ? "the record commits to a line that is not in this journal before it"
        : null;
}
