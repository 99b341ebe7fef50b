package io.murmuration.cluster.security;

import io.murmuration.cluster.config.UserError;
import java.net.InetAddress;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/** Whom a certificate is for: its alternative names, as RFC 6125 reads them. */
final class CertificateNames {

    private static final int DNS_NAME = 2;
    private static final int IP_ADDRESS = 7;
    private static final String ANY = "*.";

    private final Set<String> names = new TreeSet<>();
    private final Set<String> addresses = new TreeSet<>();

    private CertificateNames() {}

    /** @throws UserError if it is damaged */
    static CertificateNames of(X509Certificate certificate) {
        CertificateNames found = new CertificateNames();
        try {
            Collection<List<?>> alternatives = certificate.getSubjectAlternativeNames();
            for (List<?> alternative : alternatives == null ? List.<List<?>>of() : alternatives) {
                String value = String.valueOf(alternative.get(1)).toLowerCase(Locale.ROOT);
                if (alternative.get(0).equals(DNS_NAME)) {
                    found.names.add(value);
                } else if (alternative.get(0).equals(IP_ADDRESS)) {
                    found.addresses.add(canonical(value));
                }
            }
        } catch (CertificateParsingException e) {
            throw new UserError("the names of a certificate cannot be read: " + e.getMessage(), e);
        }
        return found;
    }

    /** Whether it has this very name, which is not localhost: that one is in all of them. */
    boolean name(String name) {
        String folded = name.toLowerCase(Locale.ROOT);
        return names.contains(folded) && !folded.equals("localhost");
    }

    /** Whether who connects to this host is content. */
    boolean covers(String host) {
        String folded = host.toLowerCase(Locale.ROOT);
        if (NamedHosts.isAddress(host)) {
            return addresses.contains(canonical(folded));
        }
        int dot = folded.indexOf('.');
        return names.contains(folded) || dot > 0 && names.contains(ANY + folded.substring(dot + 1));
    }

    /** An address of six may be written in many ways. */
    private static String canonical(String address) {
        return InetAddress.ofLiteral(address).getHostAddress();
    }

    @Override
    public String toString() {
        Set<String> all = new TreeSet<>(names);
        all.addAll(addresses);
        return all.isEmpty() ? "no name" : String.join(", ", all);
    }
}
