using System.Net;

namespace SmartProxy.Tests.Forwarding;

/// <summary>A request body that is written while the answer is read.</summary>
internal sealed class DuplexContent : HttpContent
{
    public TaskCompletionSource<Stream> Stream { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource End { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        await stream.FlushAsync();
        Stream.SetResult(stream);
        await End.Task;
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
