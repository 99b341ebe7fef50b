package io.murmuration.cluster.security;

import io.murmuration.cluster.config.UserError;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * Makes a folder of certificates: {@code ca.pem} and {@code ca.key.pem}, the authority, and {@code NAME.pem} and
 * {@code NAME.key.pem} for each node. What is there is never written over: an authority that exists signs for further names.
 */
public final class KeyMaker {

    /** File of the authority's certificate. */
    public static final String AUTHORITY = "ca";

    private static final String CERTIFICATE = ".pem";
    private static final String KEY = ".key.pem";

    /** Clocks of nodes differ. */
    private static final Duration BACKDATED = Duration.ofDays(1);

    private static final String SIGNATURE = "SHA256withECDSA";
    private static final String SECRET = "rw-------";

    /**
     * Whom certificates are for.
     *
     * @param names of the nodes, each as {@code NAME} or, where the others find it by other hosts, {@code NAME=HOST,...}
     * @param loopback whether each is also good for localhost, so that all nodes may be on one machine
     * @param valid of the nodes' certificates; the authority's lasts as long when it is made
     */
    public record Wanted(List<String> names, boolean loopback, Duration valid) {
        public Wanted {
            names = List.copyOf(names);
        }
    }

    private record Signer(X509Certificate certificate, PrivateKey key) {}

    private final Path folder;
    private final SecureRandom chance = new SecureRandom();
    private final List<Path> written = new ArrayList<>();

    private KeyMaker(Path folder) {
        this.folder = folder;
    }

    /**
     * Makes what is not there yet: the authority, and a certificate for each name.
     *
     * @return the files written
     * @throws UserError if a name is none, has a certificate already, or the folder cannot be written
     */
    public static List<Path> make(Path folder, Wanted wanted, Instant now) {
        return new KeyMaker(folder).all(wanted, now);
    }

    private List<Path> all(Wanted wanted, Instant now) {
        List<NamedHosts> nodes = wanted.names().stream().map(NamedHosts::parse).toList();
        nodes.forEach(this::check);
        // Their files may be on a disk that does not tell A from a, and names of hosts do not either.
        long different = nodes.stream()
                .map(node -> node.node().toLowerCase(Locale.ROOT))
                .distinct()
                .count();
        if (different < nodes.size()) {
            throw new UserError("a name is given twice: " + String.join(" ", wanted.names()));
        }
        try {
            Files.createDirectories(folder);
            Signer authority = authority(wanted.valid(), now);
            for (NamedHosts node : nodes) {
                node(node, authority, wanted, now);
            }
            return List.copyOf(written);
        } catch (FileAlreadyExistsException e) {
            throw new UserError(e.getFile() + " is there already; nothing is written over", e);
        } catch (IOException e) {
            throw new UserError("cannot write keys to " + folder + ": " + e.getMessage(), e);
        } catch (GeneralSecurityException | OperatorCreationException e) {
            throw new IllegalStateException("this Java makes no EC certificates", e);
        }
    }

    private void check(NamedHosts wanted) {
        String name = wanted.node();
        if (name.toLowerCase(Locale.ROOT).equals("localhost") || name.equals(AUTHORITY)) {
            throw new UserError(name + " cannot be the name of a node: every certificate has it, or the authority");
        }
        for (String ending : List.of(CERTIFICATE, KEY)) {
            Path file = folder.resolve(name + ending);
            if (Files.exists(file)) {
                throw new UserError(file + " is there already; nothing is written over"
                        + " (for another certificate, remove it and its other half first)");
            }
        }
    }

    private Signer authority(Duration valid, Instant now)
            throws IOException, GeneralSecurityException, OperatorCreationException {
        Path certificate = folder.resolve(AUTHORITY + CERTIFICATE);
        Path key = folder.resolve(AUTHORITY + KEY);
        if (Files.exists(certificate) || Files.exists(key)) {
            Signer known = new Signer(PemFiles.certificates(certificate).getFirst(), PemFiles.privateKey(key));
            if (!PemFiles.belongTogether(known.key(), known.certificate().getPublicKey())) {
                throw new UserError("the key " + key + " does not match the certificate " + certificate);
            }
            return known;
        }
        KeyPair pair = pair();
        // A number in the name: two clusters' authorities are told apart where names are shown.
        X500Principal subject = new X500Principal("CN=Murmuration authority " + Integer.toHexString(chance.nextInt()));
        JcaX509v3CertificateBuilder builder = builder(subject, subject, pair, now, now.plus(valid));
        builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
        builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
        X509Certificate made = signed(builder, pair.getPrivate());
        write(certificate, key, made, pair.getPrivate());
        return new Signer(made, pair.getPrivate());
    }

    private void node(NamedHosts wantedNode, Signer authority, Wanted wanted, Instant now)
            throws IOException, GeneralSecurityException, OperatorCreationException {
        String name = wantedNode.node();
        KeyPair pair = pair();
        JcaX509v3CertificateBuilder builder = builder(
                authority.certificate().getSubjectX500Principal(),
                new X500Principal("CN=" + name),
                pair,
                now,
                now.plus(wanted.valid()));
        builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
        builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
        builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(new KeyPurposeId[] {
            KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth
        }));
        Set<String> hosts = new LinkedHashSet<>(List.of(name));
        hosts.addAll(wantedNode.hosts());
        if (wanted.loopback()) {
            hosts.addAll(List.of("localhost", "127.0.0.1"));
        }
        List<GeneralName> names = hosts.stream()
                .map(host ->
                        new GeneralName(NamedHosts.isAddress(host) ? GeneralName.iPAddress : GeneralName.dNSName, host))
                .toList();
        builder.addExtension(
                Extension.subjectAlternativeName, false, new GeneralNames(names.toArray(GeneralName[]::new)));
        write(
                folder.resolve(name + CERTIFICATE),
                folder.resolve(name + KEY),
                signed(builder, authority.key()),
                pair.getPrivate());
    }

    private JcaX509v3CertificateBuilder builder(
            X500Principal issuer, X500Principal subject, KeyPair pair, Instant now, Instant until)
            throws CertIOException {
        return new JcaX509v3CertificateBuilder(
                issuer,
                new BigInteger(127, chance),
                Date.from(now.minus(BACKDATED)),
                Date.from(until),
                subject,
                pair.getPublic());
    }

    private static X509Certificate signed(JcaX509v3CertificateBuilder builder, PrivateKey key)
            throws OperatorCreationException, GeneralSecurityException {
        return new JcaX509CertificateConverter()
                .getCertificate(builder.build(new JcaContentSignerBuilder(SIGNATURE).build(key)));
    }

    private KeyPair pair() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"), chance);
        return generator.generateKeyPair();
    }

    private void write(Path certificateFile, Path keyFile, X509Certificate certificate, PrivateKey key)
            throws IOException, CertificateEncodingException {
        write(keyFile, "PRIVATE KEY", key.getEncoded());
        write(certificateFile, "CERTIFICATE", certificate.getEncoded());
    }

    private void write(Path file, String what, byte[] encoded) throws IOException {
        String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(encoded);
        String pem = "-----BEGIN " + what + "-----\n" + body + "\n-----END " + what + "-----\n";
        // Nobody else may read it at any time, so the rights come with the file and not after it.
        Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(SECRET)));
        Files.writeString(file, pem, StandardCharsets.US_ASCII, StandardOpenOption.WRITE);
        written.add(file);
    }
}
