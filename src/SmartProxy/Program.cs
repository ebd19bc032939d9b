using SmartProxy.Commands;
using SmartProxy.Hosting;

return await CommandLineRoot.RunAsync(args, Seams.Create(), Console.Out, Console.Error);
