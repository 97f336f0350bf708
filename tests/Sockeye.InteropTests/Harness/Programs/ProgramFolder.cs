using System.Security.Cryptography.X509Certificates;

namespace Sockeye.Tests;

/// <summary>A temporary folder for a program's settings, certificate and files, deleted with the test.</summary>
internal sealed class ProgramFolder : IDisposable
{
    // Short, because the path of a Unix socket has room for 107 bytes.
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sockeye-");

    public string Path => _folder.FullName;

    public string this[string file] => System.IO.Path.Combine(_folder.FullName, file);

    /// <summary>Writes a file.</summary>
    /// <returns>Its path.</returns>
    public async Task<string> WriteAsync(string file, string content)
    {
        await File.WriteAllTextAsync(this[file], content, Deadline.Token());
        return this[file];
    }

    /// <summary>Writes a certificate and its key to two files, and both to a third, as programs want them.</summary>
    public async Task WriteAsync(X509Certificate2 certificate)
    {
        string certificateText = certificate.ExportCertificatePem() + "\n";
        string keyText = certificate.ExportKeyPem() + "\n";
        await WriteAsync("certificate.pem", certificateText);
        await WriteAsync("key.pem", keyText);
        await WriteAsync("both.pem", certificateText + keyText);
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
