package io.murmuration.cluster.security;

import io.murmuration.cluster.config.UserError;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Certificates and keys as people pass them around. Everything that is wrong is a {@link UserError} with the file's name. */
final class PemFiles {

    /** A chain with a key takes a few KiB; what is larger is another file. */
    private static final long LARGEST = 1 << 20;

    private static final Pattern KEY =
            Pattern.compile("-----BEGIN PRIVATE KEY-----\\s*([A-Za-z0-9+/=\\s]+?)\\s*-----END PRIVATE KEY-----");

    private static final String CERTIFICATE = "-----BEGIN CERTIFICATE-----";

    /** Kinds of keys, with a way to sign. */
    private static final Map<String, String> SIGNATURES =
            Map.of("EC", "SHA256withECDSA", "RSA", "SHA256withRSA", "EdDSA", "EdDSA");

    private PemFiles() {}

    /** At least one. */
    static List<X509Certificate> certificates(Path file) {
        String text = text(file, "certificate");
        if (!text.contains(CERTIFICATE)) {
            throw new UserError("expected a certificate in PEM (" + CERTIFICATE + ") in " + file);
        }
        try {
            return CertificateFactory.getInstance("X.509")
                    .generateCertificates(new ByteArrayInputStream(
                            text.substring(text.indexOf(CERTIFICATE)).getBytes(StandardCharsets.US_ASCII)))
                    .stream()
                    .map(X509Certificate.class::cast)
                    .toList();
        } catch (CertificateException e) {
            throw new UserError("the certificate in " + file + " cannot be read: " + e.getMessage(), e);
        }
    }

    static PrivateKey privateKey(Path file) {
        Matcher key = KEY.matcher(text(file, "key"));
        if (!key.find()) {
            throw new UserError("expected a private key in PEM, PKCS#8 without a password"
                    + " (-----BEGIN PRIVATE KEY-----), in " + file);
        }
        try {
            byte[] encoded = Base64.getMimeDecoder().decode(key.group(1));
            for (String algorithm : SIGNATURES.keySet()) {
                try {
                    return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(encoded));
                } catch (GeneralSecurityException e) {
                    continue; // a key of another kind
                }
            }
        } catch (IllegalArgumentException e) {
            throw new UserError("the key in " + file + " is not Base64: " + e.getMessage(), e);
        }
        throw new UserError("the key in " + file + " is of no known kind; expected EC, RSA or EdDSA");
    }

    /** Whether what one signs the other confirms. */
    static boolean belongTogether(PrivateKey secret, PublicKey open) {
        byte[] message = "murmuration".getBytes(StandardCharsets.US_ASCII);
        String algorithm = SIGNATURES.getOrDefault(secret.getAlgorithm(), secret.getAlgorithm());
        try {
            Signature signing = Signature.getInstance(algorithm);
            signing.initSign(secret);
            signing.update(message);
            byte[] signed = signing.sign();
            Signature checking = Signature.getInstance(algorithm);
            checking.initVerify(open);
            checking.update(message);
            return checking.verify(signed);
        } catch (GeneralSecurityException e) {
            return false; // keys of two kinds
        }
    }

    private static String text(Path file, String what) {
        try {
            if (Files.size(file) > LARGEST) {
                throw new UserError(
                        "expected a " + what + " in PEM, but " + file + " has " + Files.size(file) + " bytes");
            }
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (NoSuchFileException e) {
            throw new UserError("there is no " + what + " " + file, e);
        } catch (IOException e) {
            throw new UserError("cannot read the " + what + " " + file + ": " + e.getMessage(), e);
        }
    }
}
