using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Sockeye.Hosting.Configuration;

/// <summary>Loads the certificates of servers from files that a configuration names.</summary>
/// <param name="folder">The folder to which relative paths belong.</param>
internal sealed class CertificateFiles(string folder)
{
    private const string CertificatePath = nameof(CertificatePath);
    private const string KeyPath = nameof(KeyPath);
    private const string Password = nameof(Password);

    /// <summary>
    /// Reads a section with the path of a PKCS #12 file and its password, or with the paths of a PEM certificate, which may be followed
    /// by intermediate ones, and of its key, with a password if that is encrypted.
    /// </summary>
    /// <returns>The options; <see langword="null"/> after an error.</returns>
    public SslServerAuthenticationOptions? Read(OptionSection section)
    {
        SslServerAuthenticationOptions? none = null;
        return section.Apply(none, _ => Load(
            section, section.Text(CertificatePath, null), section.Text(KeyPath, null), section.Text(Password, null)));
    }

    private SslServerAuthenticationOptions? Load(OptionSection section, string? path, string? keyPath, string? password)
    {
        if (string.IsNullOrEmpty(path))
        {
            section.Fail(CertificatePath, "is missing.");
            return null;
        }

        try
        {
            X509Certificate2Collection all = string.IsNullOrEmpty(keyPath)
                ? X509CertificateLoader.LoadPkcs12CollectionFromFile(Path.Combine(folder, path), password)
                : LoadPem(Path.Combine(folder, path), Path.Combine(folder, keyPath), password);
            X509Certificate2? leaf = all.FirstOrDefault(static certificate => certificate.HasPrivateKey);
            if (leaf is not null)
            {
                all.Remove(leaf);
                return new SslServerAuthenticationOptions
                {
                    ServerCertificateContext = SslStreamCertificateContext.Create(leaf, all, offline: true),
                };
            }

            section.Fail(CertificatePath, $"is '{path}': The file has no certificate with its private key.");
        }
        catch (Exception exception) when (exception is CryptographicException or IOException or UnauthorizedAccessException)
        {
            section.Fail(CertificatePath, $"is '{path}': {exception.Message}");
        }

        return null;
    }

    private static X509Certificate2Collection LoadPem(string path, string keyPath, string? password)
    {
        var all = new X509Certificate2Collection();
        all.ImportFromPemFile(path);
        using X509Certificate2 leaf = string.IsNullOrEmpty(password)
            ? X509Certificate2.CreateFromPemFile(path, keyPath)
            : X509Certificate2.CreateFromEncryptedPemFile(path, password, keyPath);

        // Windows cannot use a key that exists in memory only.
        X509Certificate2 own = X509CertificateLoader.LoadPkcs12(leaf.Export(X509ContentType.Pkcs12), password: null);
        return [own, .. all.Skip(1)];
    }
}
