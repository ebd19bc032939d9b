using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text;

namespace SmartProxy.Tests.Storage;

/// <summary>
/// Everything that an object holds, private fields included, as text: two objects with the same text can't behave differently. Tables of the base
/// library are told by what they hold, in their order; for how much more they have room makes no difference.
/// </summary>
internal static class ObjectGraph
{
    public static string Of(object root)
    {
        var (known, waiting, text) = (new Dictionary<object, int>(ReferenceEqualityComparer.Instance), new Queue<object>(), new StringBuilder());
        Name(root);
        while (waiting.TryDequeue(out var next))
        {
            text.Append(CultureInfo.InvariantCulture, $"#{known[next]} {next.GetType()}");
            Members(next);
            text.Append('\n');
        }

        return text.ToString();

        void Members(object owner)
        {
            if (owner is Array || IsTable(owner.GetType()))
            {
                foreach (var element in (IEnumerable)owner)
                {
                    Value("", element);
                }

                return;
            }

            for (var type = owner.GetType(); type is not null; type = type.BaseType)
            {
                foreach (var field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly).OrderBy(field => field.Name, StringComparer.Ordinal))
                {
                    Value(field.Name, field.GetValue(owner));
                }
            }
        }

        void Value(string name, object? value)
        {
            text.Append(' ').Append(name).Append('=');
            if (value is null or string or Delegate or Type || value.GetType().IsPrimitive || value.GetType().IsEnum || value is UInt128 or DateTimeOffset)
            {
                text.Append(value is Delegate ? "delegate" : Convert.ToString(value, CultureInfo.InvariantCulture) ?? "null");
            }
            else if (value.GetType().IsValueType)
            {
                text.Append('(');
                Members(value);
                text.Append(')');
            }
            else
            {
                text.Append('#').Append(Name(value));
            }
        }

        static bool IsTable(Type type) =>
            type.IsGenericType && type.GetGenericTypeDefinition() is var table && (table == typeof(Dictionary<,>) || table == typeof(HashSet<>) || table == typeof(List<>));

        int Name(object value)
        {
            if (!known.TryGetValue(value, out var number))
            {
                number = known.Count;
                known.Add(value, number);
                waiting.Enqueue(value);
            }

            return number;
        }
    }
}
