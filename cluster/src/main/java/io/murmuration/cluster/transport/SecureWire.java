package io.murmuration.cluster.transport;

import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.apache.pekko.NotUsed;
import org.apache.pekko.stream.TLSClosing;
import org.apache.pekko.stream.TLSProtocol;
import org.apache.pekko.stream.javadsl.BidiFlow;
import org.apache.pekko.stream.javadsl.Flow;
import org.apache.pekko.stream.javadsl.TLS;
import org.apache.pekko.util.ByteString;

/** TLS between two nodes: version 1.3 only, and both show a certificate of the cluster's authority. */
final class SecureWire {

    /** In every certificate that may be used on one machine, so it names nobody. */
    private static final String ANYBODY = "localhost";

    private static final int DNS_NAME = 2;

    /**
     * One connection.
     *
     * @param names in the certificate of the other side, lower case; empty without TLS, or before anything was read
     */
    record Secured(
            BidiFlow<ByteString, ByteString, ByteString, ByteString, NotUsed> flow,
            Supplier<Optional<Set<String>>> names) {}

    private final SSLContext context;

    SecureWire(SSLContext context) {
        this.context = context;
    }

    /** Bytes as they are. */
    static Secured plain() {
        return new Secured(BidiFlow.fromFlows(Flow.of(ByteString.class), Flow.of(ByteString.class)), Optional::empty);
    }

    /** The end that connects; the certificate has to name the host. */
    Secured client(DataAddress peer) {
        SSLEngine engine = context.createSSLEngine(peer.host(), peer.port());
        engine.setUseClientMode(true);
        SSLParameters parameters = parameters(engine);
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        engine.setSSLParameters(parameters);
        return secured(engine);
    }

    /** The end that listens. */
    Secured server() {
        SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(false);
        SSLParameters parameters = parameters(engine);
        parameters.setNeedClientAuth(true);
        engine.setSSLParameters(parameters);
        return secured(engine);
    }

    private static SSLParameters parameters(SSLEngine engine) {
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setProtocols(new String[] {"TLSv1.3"});
        return parameters;
    }

    private static Secured secured(SSLEngine engine) {
        AtomicReference<Optional<SSLSession>> session = new AtomicReference<>(Optional.empty());
        Flow<ByteString, TLSProtocol.SslTlsOutbound, NotUsed> out =
                Flow.of(ByteString.class).map(TLSProtocol.SendBytes::new);
        Flow<TLSProtocol.SslTlsInbound, ByteString, NotUsed> in = Flow.of(TLSProtocol.SslTlsInbound.class)
                .map(inbound -> {
                    if (inbound instanceof TLSProtocol.SessionBytes bytes) {
                        session.set(Optional.of(bytes.session()));
                        return bytes.bytes();
                    }
                    return ByteString.emptyByteString();
                });
        return new Secured(
                BidiFlow.fromFlows(out, in).atop(TLS.create(() -> engine, TLSClosing.eagerClose())),
                () -> Optional.of(session.get().map(SecureWire::names).orElse(Set.of())));
    }

    private static Set<String> names(SSLSession session) {
        Set<String> names = new TreeSet<>();
        try {
            if (session.getPeerCertificates()[0] instanceof X509Certificate certificate) {
                Collection<List<?>> alternatives = certificate.getSubjectAlternativeNames();
                for (List<?> name : alternatives == null ? List.<List<?>>of() : alternatives) {
                    if (name.get(0).equals(DNS_NAME)) {
                        names.add(Gate.folded((String) name.get(1)));
                    }
                }
            }
        } catch (SSLPeerUnverifiedException | CertificateParsingException e) {
            return Set.of(); // no name, so nobody is taken for its bearer
        }
        names.remove(ANYBODY);
        return names;
    }
}
