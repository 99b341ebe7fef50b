package io.murmuration.cluster.security;

import io.murmuration.cluster.config.UserError;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * The three PEM files that make a node one of the cluster: who may vouch, what vouches for this node, and the key that
 * proves it. The same for data plane, control plane and HTTP.
 *
 * @param authority certificate of the cluster's authority; whoever has one signed by it is taken
 * @param certificate this node's, signed by the authority, with the node's name and the hosts by which others find it
 * @param key the private key of that certificate, PKCS#8
 */
public record TlsSettings(Path authority, Path certificate, Path key) {

    /** Of the key in memory: a store wants one. */
    private static final char[] NO_PASSWORD = new char[0];

    /**
     * For both ends: shows the certificate, and takes those that the authority has signed.
     *
     * @throws UserError naming the file that is missing, no PEM, expired, or does not go with the others
     */
    public SSLContext context() {
        List<X509Certificate> authorities = PemFiles.certificates(authority);
        List<X509Certificate> chain = PemFiles.certificates(certificate);
        PrivateKey secret = PemFiles.privateKey(key);
        authorities.forEach(one -> checkDates(authority, one));
        chain.forEach(one -> checkDates(certificate, one));
        if (!PemFiles.belongTogether(secret, chain.getFirst().getPublicKey())) {
            throw new UserError("the key " + key + " does not match the certificate " + certificate);
        }
        checkSigned(chain.getLast(), authorities);
        try {
            SSLContext context = SSLContext.getInstance("TLSv1.3");
            context.init(
                    keys(chain, secret).getKeyManagers(), trust(authorities).getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new UserError(
                    "no TLS with " + authority + ", " + certificate + " and " + key + ": " + e.getMessage(), e);
        }
    }

    /**
     * Whether others can tell by this certificate that they have the node they asked for.
     *
     * @param node its name, which the data plane compares
     * @param hosts by which others find it, which whoever connects compares; names or addresses, never looked up
     * @throws UserError naming what is missing, and how it is made
     */
    public void requireNames(String node, List<String> hosts) {
        CertificateNames names =
                CertificateNames.of(PemFiles.certificates(certificate).getFirst());
        List<String> missing = Stream.concat(
                        Stream.of(node).filter(name -> !names.name(name)),
                        hosts.stream().filter(host -> !names.covers(host)))
                .distinct()
                .toList();
        if (!missing.isEmpty()) {
            List<String> wanted =
                    hosts.stream().filter(host -> !host.equals(node)).distinct().toList();
            throw new UserError("the certificate " + certificate + " is for " + names + " and not for "
                    + String.join(", ", missing) + ", so others would not take this node (node.name, node.control.host,"
                    + " node.data.host) for what it says; this makes one: bin/murmuration keys --out keys " + node
                    + (wanted.isEmpty() ? "" : "=" + String.join(",", wanted)));
        }
    }

    private static KeyManagerFactory keys(List<X509Certificate> chain, PrivateKey secret)
            throws GeneralSecurityException, IOException {
        KeyStore store = empty();
        store.setKeyEntry("node", secret, NO_PASSWORD, chain.toArray(X509Certificate[]::new));
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(store, NO_PASSWORD);
        return keys;
    }

    private static TrustManagerFactory trust(List<X509Certificate> authorities)
            throws GeneralSecurityException, IOException {
        KeyStore store = empty();
        for (int i = 0; i < authorities.size(); i++) {
            store.setCertificateEntry("authority-" + i, authorities.get(i));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(store);
        return trust;
    }

    private static KeyStore empty() throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, NO_PASSWORD);
        return store;
    }

    private static void checkDates(Path file, X509Certificate certificate) {
        try {
            certificate.checkValidity();
        } catch (CertificateExpiredException e) {
            throw new UserError(
                    "the certificate " + file + " has expired at "
                            + certificate.getNotAfter().toInstant(),
                    e);
        } catch (CertificateNotYetValidException e) {
            throw new UserError(
                    "the certificate " + file + " is valid only from "
                            + certificate.getNotBefore().toInstant(),
                    e);
        }
    }

    private void checkSigned(X509Certificate last, List<X509Certificate> authorities) {
        for (X509Certificate one : authorities) {
            try {
                last.verify(one.getPublicKey());
                return;
            } catch (GeneralSecurityException e) {
                continue; // another of them may have signed it
            }
        }
        throw new UserError("the certificate " + certificate + " is not signed by the authority " + authority);
    }
}
