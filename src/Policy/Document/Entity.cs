namespace SmartProxy.Policy.Document;

/// <summary>What a member holds.</summary>
internal abstract record Shape
{
    private Shape()
    {
    }

    public sealed record One(Leaf Leaf) : Shape;

    /// <param name="Leaf">Of each item.</param>
    /// <param name="OrOne">Whether a single item may be written without the list.</param>
    public sealed record Many(Leaf Leaf, bool OrOne = false) : Shape;

    /// <summary>One word, or a list.</summary>
    public sealed record WordOrMany(Leaf Word, Leaf Item) : Shape;

    public sealed record Object(Entity Entity) : Shape;

    /// <summary>A list of objects.</summary>
    public sealed record Objects(Entity Entity) : Shape;

    /// <summary>A list or one item of it, or an object.</summary>
    public sealed record ManyOrObject(Leaf Leaf, Entity Entity) : Shape;

    /// <summary>An object whose keys the operator chooses.</summary>
    public sealed record Map(Leaf Key, Shape Value) : Shape;
}

/// <summary>A key of the policy file.</summary>
/// <param name="Name">As written.</param>
/// <param name="Shape">What it holds.</param>
/// <param name="Help">One sentence for the schema.</param>
internal sealed record Key(string Name, Shape Shape, string Help)
{
    public bool IsRequired { get; init; }
}

/// <summary>A kind of object in the policy file.</summary>
/// <param name="Title">Its name in schema and reference.</param>
/// <param name="Keys">Every key it may have.</param>
internal sealed record Entity(string Title, IReadOnlyList<Key> Keys)
{
    /// <summary>Keys beside the named ones: rolling durations.</summary>
    public (Leaf Key, Shape Value)? Other { get; init; }

    public Key? Find(string name) => Keys.FirstOrDefault(k => k.Name == name);
}
